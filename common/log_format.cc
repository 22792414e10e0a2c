// Log records as text and as JSON lines.
#include "common/log_format.h"

#include <fmt/compile.h>

#include <array>
#include <ctime>

#include "common/log_fields.h"

namespace pgring {
namespace {

constexpr int64_t kMicroseconds = 1'000'000;

void append(LogLine& line, std::string_view text) {
  line.append(text.data(), text.data() + text.size());
}

void append_number(LogLine& line, uint64_t number) {
  fmt::format_to(fmt::appender(line), FMT_COMPILE("{}"), number);
}

void append_time(LogLine& line, int64_t time_us, char separator) {
  const std::time_t seconds = static_cast<std::time_t>(time_us / kMicroseconds);
  std::tm t{};
  gmtime_r(&seconds, &t);
  fmt::format_to(fmt::appender(line), FMT_COMPILE("{:04}-{:02}-{:02}{}{:02}:{:02}:{:02}"),
                 t.tm_year + 1900, t.tm_mon + 1, t.tm_mday, separator, t.tm_hour, t.tm_min,
                 t.tm_sec);
}

std::string_view level_word(LogLevel level) {
  static constexpr std::array<std::string_view, 6> kWords = {"NOISE",   "DEBUG", "INFO",
                                                             "WARNING", "ERROR", "FATAL"};
  static_assert(kWords.size() == static_cast<std::size_t>(LogLevel::kFatal) + 1);
  return kWords[static_cast<std::size_t>(level)];
}

// " name="
void begin_text_field(LogLine& line, LogField field) {
  line.push_back(' ');
  append(line, names_of(field).text);
  line.push_back('=');
}

void append_text_field(LogLine& line, LogField field, std::string_view value) {
  if (value.empty()) return;
  begin_text_field(line, field);
  append_value(line, value);
}

void append_text_time(LogLine& line, LogField field, uint64_t us) {
  begin_text_field(line, field);
  fmt::format_to(fmt::appender(line), FMT_COMPILE("{}.{:03}ms"), us / 1000, us % 1000);
}

void append_text_statement(LogLine& line, const StatementTimes& times, std::string_view text) {
  append(line, kSlowStatement);
  line.push_back(':');
  append_text_time(line, LogField::kTotalTime, times.total);
  append_text_time(line, LogField::kQueueTime, times.queue);
  append_text_time(line, LogField::kServerTime, times.server);
  append_text_time(line, LogField::kClientTime, times.client);
  if (text.empty()) return;
  append(line, ": ");
  append_printable(line, text);
}

// `,"name":`, without the comma at the beginning of a line.
void begin_json_field(LogLine& line, LogField field) {
  append(line, field == LogField::kTime ? "\"" : ",\"");
  append(line, names_of(field).json);
  append(line, "\":");
}

void append_json_field(LogLine& line, LogField field, std::string_view value) {
  if (value.empty()) return;
  begin_json_field(line, field);
  append_json_string(line, value);
}

void append_json_number(LogLine& line, LogField field, uint64_t number) {
  begin_json_field(line, field);
  append_number(line, number);
}

void append_json_statement(LogLine& line, const StatementTimes& times, std::string_view text) {
  append_json_field(line, LogField::kMessage, kSlowStatement);
  append_json_number(line, LogField::kTotalTime, times.total);
  append_json_number(line, LogField::kQueueTime, times.queue);
  append_json_number(line, LogField::kServerTime, times.server);
  append_json_number(line, LogField::kClientTime, times.client);
  append_json_field(line, LogField::kStatement, text);
}

}  // namespace

void append_process(LogLine& line, LogProcess process) {
  switch (process.kind) {
    case LogProcessKind::kMaster:
      return append(line, "master");
    case LogProcessKind::kWorker:
      append(line, "worker ");
      return append_number(line, process.number);
    case LogProcessKind::kStatus:
      return append(line, "status");
    case LogProcessKind::kLogger:
      return append(line, "logger");
    case LogProcessKind::kTool:
      return append(line, "pgring");
  }
}

void append_text_body(LogLine& line, const LogRecord& record) {
  append_process(line, record.process);
  line.push_back(' ');
  append(line, level_word(record.level));
  append_text_field(line, LogField::kClient, record.context.client);
  append_text_field(line, LogField::kUser, record.context.user);
  append_text_field(line, LogField::kDatabase, record.context.database);
  if (record.context.session != 0) {
    begin_text_field(line, LogField::kSession);
    append_number(line, record.context.session);
  }
  append(line, ": ");
  if (record.statement) {
    append_text_statement(line, *record.statement, record.text);
  } else {
    append_printable(line, record.text);
  }
}

void append_text_line(LogLine& line, const LogRecord& record) {
  append_time(line, record.time_us, ' ');
  fmt::format_to(fmt::appender(line), FMT_COMPILE(".{:03} UTC [{}] "),
                 record.time_us % kMicroseconds / 1000, record.pid);
  append_text_body(line, record);
  line.push_back('\n');
}

void append_json_line(LogLine& line, const LogRecord& record) {
  line.push_back('{');
  begin_json_field(line, LogField::kTime);
  line.push_back('"');
  append_time(line, record.time_us, 'T');
  fmt::format_to(fmt::appender(line), FMT_COMPILE(".{:06}Z\""), record.time_us % kMicroseconds);
  append_json_field(line, LogField::kLevel, log_level_name(record.level));
  begin_json_field(line, LogField::kProcess);
  line.push_back('"');
  append_process(line, record.process);
  line.push_back('"');
  begin_json_field(line, LogField::kPid);
  fmt::format_to(fmt::appender(line), FMT_COMPILE("{}"), record.pid);
  append_json_field(line, LogField::kClient, record.context.client);
  append_json_field(line, LogField::kUser, record.context.user);
  append_json_field(line, LogField::kDatabase, record.context.database);
  if (record.context.session != 0) {
    append_json_number(line, LogField::kSession, record.context.session);
  }
  if (record.statement) {
    append_json_statement(line, *record.statement, record.text);
  } else {
    begin_json_field(line, LogField::kMessage);
    append_json_string(line, record.text);
  }
  append(line, "}\n");
}

}  // namespace pgring
