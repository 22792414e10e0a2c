// How a log record looks as a line: text for people, JSON lines for machines. The names of the
// fields are in common/log_fields.h.
//
//   2026-11-23 10:00:00.123 UTC [4711] worker 1 INFO client=10.0.0.1:5123 user=web db=shop
//   session=7: text
//   {"time":"2026-11-23T10:00:00.123456Z","level":"info","process":"worker 1","pid":4711,
//    "client":"10.0.0.1:5123","user":"web","database":"shop","session":7,"message":"text"}
//
// and of a statement's record the end is
//
//   : slow statement: total=250.512ms queue=0.094ms server=250.101ms to_client=0.317ms: select 1
//   "message":"slow statement","total_us":250512,"queue_us":94,"server_us":250101,
//    "client_us":317,"statement":"select 1"}
//
// Fields that are empty are left out. A record is always exactly one line: control characters are
// escaped, so that nothing a client sends can look like a line of its own.
#pragma once

#include "common/log_escape.h"
#include "common/log_record.h"

namespace pgring {

// Both append one line with its newline.
void append_text_line(LogLine& line, const LogRecord& record);
void append_json_line(LogLine& line, const LogRecord& record);

// The text line from "worker 1" on, without newline: for syslog, which has its own time and level.
void append_text_body(LogLine& line, const LogRecord& record);

// "master", "worker 1".
void append_process(LogLine& line, LogProcess process);

}  // namespace pgring
