// The encoding of log records.
#include "common/log_record.h"

#include <doctest/doctest.h>

#include <array>
#include <string>

namespace pgring {
namespace {

LogRecord sample() {
  LogRecord record;
  record.time_us = 1'700'000'000'123'456;
  record.level = LogLevel::kWarning;
  record.process = {LogProcessKind::kWorker, 3};
  record.pid = 4711;
  record.context = {"10.0.0.1:5123", "web", "shop", 77};
  record.text = "hello";
  return record;
}

TEST_CASE("a log record survives encoding and decoding") {
  std::array<char, kMaxLogRecord> bytes;
  const std::size_t length = encode_log_record(sample(), bytes);
  CHECK(length == kLogRecordHeader + 13 + 3 + 4 + 5);
  const auto record = decode_log_record({bytes.data(), length});
  REQUIRE(record);
  CHECK(record->time_us == 1'700'000'000'123'456);
  CHECK(log_record_time(std::span<const char, kLogRecordHeader>(bytes.data(), kLogRecordHeader)) ==
        record->time_us);
  CHECK(record->level == LogLevel::kWarning);
  CHECK(record->process.kind == LogProcessKind::kWorker);
  CHECK(record->process.number == 3);
  CHECK(record->pid == 4711);
  CHECK(record->context.client == "10.0.0.1:5123");
  CHECK(record->context.user == "web");
  CHECK(record->context.database == "shop");
  CHECK(record->context.session == 77);
  CHECK(record->text == "hello");
}

TEST_CASE("a statement's times survive encoding and decoding") {
  std::array<char, kMaxLogRecord> bytes;
  LogRecord sent = sample();
  sent.statement = {1, 2, 3, UINT64_MAX};
  const auto record = decode_log_record({bytes.data(), encode_log_record(sent, bytes)});
  REQUIRE(record);
  REQUIRE(record->statement);
  CHECK(record->statement->total == 1);
  CHECK(record->statement->queue == 2);
  CHECK(record->statement->server == 3);
  CHECK(record->statement->client == UINT64_MAX);
  CHECK(record->context.client == "10.0.0.1:5123");
  CHECK(record->text == "hello");
}

TEST_CASE("a record with everything too long is cut and says so") {
  const std::string name(1000, 'n');
  const std::string text(kMaxLogText + 1, 't');
  LogRecord record = sample();
  record.context = {name, name, name, 0};
  record.statement.emplace();
  record.text = text;
  std::array<char, kMaxLogRecord> bytes;
  const std::size_t length = encode_log_record(record, bytes);
  CHECK(length == kMaxLogRecord);
  const auto decoded = decode_log_record({bytes.data(), length});
  REQUIRE(decoded);
  CHECK(decoded->context.user == name.substr(0, kMaxLogName));
  CHECK(decoded->text.size() == kMaxLogText);
  CHECK(decoded->text.ends_with("t [truncated]"));
}

TEST_CASE("text of exactly the limit is kept whole") {
  const std::string text(kMaxLogText, 't');
  LogRecord record = sample();
  record.text = text;
  std::array<char, kMaxLogRecord> bytes;
  const std::size_t length = encode_log_record(record, bytes);
  const auto decoded = decode_log_record({bytes.data(), length});
  REQUIRE(decoded);
  CHECK(decoded->text == text);
}

TEST_CASE("a cut never falls inside a UTF-8 character") {
  CHECK(utf8_prefix("abc", 3) == "abc");
  CHECK(utf8_prefix("abc", 2) == "ab");
  CHECK(utf8_prefix("a\u00e4", 2) == "a");
  CHECK(utf8_prefix("a\u20ac", 3) == "a");
  CHECK(utf8_prefix("a\U0001F600", 4) == "a");
  CHECK(utf8_prefix("a\U0001F600", 5) == "a\U0001F600");
  CHECK(utf8_prefix("\x80\x80\x80\x80\x80\x80\x80", 6).size() >= 3);  // not UTF-8 at all
}

TEST_CASE("bytes that are not exactly one record are refused") {
  std::array<char, kMaxLogRecord> bytes;
  const std::size_t length = encode_log_record(sample(), bytes);
  for (std::size_t shorter = 0; shorter < length; ++shorter) {
    CHECK_FALSE(decode_log_record({bytes.data(), shorter}));
  }
  CHECK_FALSE(decode_log_record({bytes.data(), length + 1}));
  for (const std::size_t position : {0, 4, 5, 12, 14, 16, 18}) {
    auto broken = bytes;
    broken[position] = static_cast<char>(0xEE);
    CAPTURE(position);
    CHECK_FALSE(decode_log_record({broken.data(), length}));
  }
}

}  // namespace
}  // namespace pgring
