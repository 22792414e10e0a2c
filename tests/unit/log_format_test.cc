// Log lines, as text and as JSON.
#include "common/log_format.h"

#include <doctest/doctest.h>

#include <string>

namespace pgring {
namespace {

using std::literals::operator""sv;

LogRecord sample() {
  LogRecord record;
  record.time_us = 1'795'428'000'123'456;  // 2026-11-23 10:00:00.123456 UTC
  record.process = {LogProcessKind::kWorker, 1};
  record.pid = 4711;
  record.context = {"10.0.0.1:5123", "web", "shop", 7};
  record.text = "text";
  return record;
}

std::string text_line(const LogRecord& record) {
  LogLine line;
  append_text_line(line, record);
  return {line.data(), line.size()};
}

std::string json_line(const LogRecord& record) {
  LogLine line;
  append_json_line(line, record);
  return {line.data(), line.size()};
}

std::string json_message(std::string_view text) {
  LogRecord record;
  record.text = text;
  const std::string line = json_line(record);
  const std::size_t begin = line.find("\"message\":") + 10;
  return line.substr(begin, line.size() - begin - 2);
}

TEST_CASE("the text line") {
  CHECK(text_line(sample()) ==
        "2026-11-23 10:00:00.123 UTC [4711] worker 1 INFO "
        "client=10.0.0.1:5123 user=web db=shop session=7: text\n");
}

TEST_CASE("empty fields are left out of both forms") {
  LogRecord record = sample();
  record.context = {};
  record.level = LogLevel::kFatal;
  record.process = {LogProcessKind::kMaster, 0};
  CHECK(text_line(record) == "2026-11-23 10:00:00.123 UTC [4711] master FATAL: text\n");
  CHECK(json_line(record) ==
        R"({"time":"2026-11-23T10:00:00.123456Z","level":"fatal","process":"master","pid":4711,)"
        R"("message":"text"})"
        "\n");
}

TEST_CASE("the JSON line") {
  CHECK(json_line(sample()) ==
        R"({"time":"2026-11-23T10:00:00.123456Z","level":"info","process":"worker 1","pid":4711,)"
        R"("client":"10.0.0.1:5123","user":"web","database":"shop","session":7,"message":"text"})"
        "\n");
}

TEST_CASE("a record is one line of text, whatever a client sends") {
  LogRecord record = sample();
  record.context = {"c", "a user=\"x\"\n", "d=b", 0};
  record.text = "one\ntwo\t\x1b[31m\0\x7f-end"sv;
  CHECK(text_line(record) ==
        "2026-11-23 10:00:00.123 UTC [4711] worker 1 INFO client=c "
        "user=\"a user=\\\"x\\\"\\n\" db=\"d=b\": one\\ntwo\\t\\x1b[31m\\x00\\x7f-end\n");
}

TEST_CASE("a name cannot end its field, and no byte of it reaches a terminal as a command") {
  LogRecord record = sample();
  record.context = {"c", "a\\\" db=x",
                    "sh\xC2\x9B"
                    "op\xFF",
                    0};
  record.text = "\xC2\x85one\u2028two\xE2\x80 \u00e4\u20ac";
  CHECK(text_line(record) ==
        "2026-11-23 10:00:00.123 UTC [4711] worker 1 INFO client=c "
        "user=\"a\\\\\\\" db=x\" db=sh\\xc2\\x9bop\\xff: "
        "\\xc2\\x85one\\xe2\\x80\\xa8two\\xe2\\x80 \u00e4\u20ac\n");
}

TEST_CASE("a statement's record tells where the time went") {
  LogRecord record = sample();
  record.statement = {250'512, 94, 250'101, 317};
  record.text = "select 1";
  CHECK(
      text_line(record).ends_with(" session=7: slow statement: total=250.512ms queue=0.094ms "
                                  "server=250.101ms to_client=0.317ms: select 1\n"));
  CHECK(json_line(record).ends_with(
      R"("message":"slow statement","total_us":250512,"queue_us":94,"server_us":250101,)"
      R"("client_us":317,"statement":"select 1"})"
      "\n"));
  record.text = "";
  CHECK(text_line(record).ends_with("to_client=0.317ms\n"));
  CHECK(json_line(record).ends_with("\"client_us\":317}\n"));
}

TEST_CASE("JSON strings are escaped and always valid UTF-8") {
  CHECK(json_message("a\"b\\c\nd\te\x01") == R"("a\"b\\c\nd\te\u0001")");
  CHECK(json_message("\u00e4\u20ac\U0001F600") == "\"\u00e4\u20ac\U0001F600\"");
  CHECK(json_message("\xE4 latin") == R"("\ufffd latin")");
  CHECK(json_message("\xE2\x82") == R"("\ufffd\ufffd")");
  CHECK(json_message("\xC0\x80") == R"("\ufffd\ufffd")");
  CHECK(json_message("\xED\xA0\x80") == R"("\ufffd\ufffd\ufffd")");
  CHECK(json_message("\xF4\x90\x80\x80") == R"("\ufffd\ufffd\ufffd\ufffd")");
}

TEST_CASE("level names are those of the setting") {
  CHECK(log_level_name(LogLevel::kNoise) == "noise");
  CHECK(log_level_from("warning") == LogLevel::kWarning);
  CHECK_FALSE(log_level_from("WARN"));
}

}  // namespace
}  // namespace pgring
