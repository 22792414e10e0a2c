// How a log record looks as a line: text for people, JSON lines for machines. The field names are a
// contract with whoever parses the log; both forms are described in pgring.ini(5).
//
//   2026-11-23 10:00:00.123 UTC [4711] worker 1 INFO client=10.0.0.1:5123 user=web db=shop
//   session=7: text
//   {"time":"2026-11-23T10:00:00.123456Z","level":"info","process":"worker 1","pid":4711,
//    "client":"10.0.0.1:5123","user":"web","database":"shop","session":7,"message":"text"}
//
// Fields that are empty are left out. A record is always exactly one line: control characters are
// escaped, so that nothing a client sends can look like a line of its own.
#pragma once

#include <fmt/format.h>

#include "common/log_record.h"

namespace pgring {

// A line buffer that is used again and again; grows to the longest line once.
using LogLine = fmt::basic_memory_buffer<char, 1024>;

// Both append one line with its newline.
void append_text_line(LogLine& line, const LogRecord& record);
void append_json_line(LogLine& line, const LogRecord& record);

// The text line from "worker 1" on, without newline: for syslog, which has its own time and level.
void append_text_body(LogLine& line, const LogRecord& record);

// "master", "worker 1".
void append_process(LogLine& line, LogProcess process);

}  // namespace pgring
