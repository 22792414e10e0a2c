// One log record: what it holds, and its form in the log ring.
//
//   uint32 length      of the whole record, this field included, padding excluded
//   uint8 level, uint8 process kind, uint16 process number
//   int32 pid, uint16 lengths of client, user, database; uint16 length of text
//   uint8 whether it is a statement's record, int64 time (µs since 1970), uint64 session
//   if so, uint64 total, queue, server and client time (µs)
//   the bytes of client, user, database and text, one behind the other
//
// Numbers are in the machine's byte order: a record never leaves the machine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "common/log.h"

namespace pgring {

struct LogRecord {
  int64_t time_us = 0;
  LogLevel level = LogLevel::kInfo;
  LogProcess process;
  int32_t pid = 0;
  LogContext context;                       // the strings belong to whoever made the record
  std::optional<StatementTimes> statement;  // then `text` is the statement's
  std::string_view text;                    // at most kMaxLogText bytes
};

constexpr std::size_t kMaxLogName = 255;  // bytes kept of client, user and database
constexpr std::size_t kLogRecordHeader = 40;
constexpr std::size_t kMaxLogRecord =
    kLogRecordHeader + sizeof(StatementTimes) + 3 * kMaxLogName + kMaxLogText;

// Writes the record into `out` and returns its length. Names and text that are too long are cut
// between UTF-8 characters; a cut text ends in " [truncated]".
std::size_t encode_log_record(const LogRecord& record, std::span<char, kMaxLogRecord> out);

// The record in `bytes`, whose strings point into them. Empty if they are not exactly one record.
std::optional<LogRecord> decode_log_record(std::span<const char> bytes);

// The first `limit` bytes of `text` or fewer, not ending inside a UTF-8 character.
std::string_view utf8_prefix(std::string_view text, std::size_t limit);

// Only the time of a record whose first kLogRecordHeader bytes are given.
int64_t log_record_time(std::span<const char, kLogRecordHeader> header);

}  // namespace pgring
