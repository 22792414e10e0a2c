// Log records as text and as JSON lines.
#include "common/log_format.h"

#include <fmt/compile.h>

#include <array>
#include <ctime>

#include "common/text_escape.h"

namespace pgring {
namespace {

constexpr int64_t kMicroseconds = 1'000'000;

void append(LogLine& line, std::string_view text) {
  line.append(text.data(), text.data() + text.size());
}

std::tm utc(int64_t time_us) {
  const std::time_t seconds = static_cast<std::time_t>(time_us / kMicroseconds);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  return parts;
}

void append_time(LogLine& line, int64_t time_us, char separator) {
  const std::tm t = utc(time_us);
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

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7F;
}

// Text with control characters as \n, \t or \x1b.
void append_printable(LogLine& line, std::string_view text) {
  for (const char c : text) {
    if (!is_control(c)) {
      line.push_back(c);
    } else if (c == '\n') {
      append(line, "\\n");
    } else if (c == '\t') {
      append(line, "\\t");
    } else {
      fmt::format_to(fmt::appender(line), FMT_COMPILE("\\x{:02x}"), static_cast<unsigned char>(c));
    }
  }
}

// A field's value, in quotes where it would be ambiguous without.
void append_value(LogLine& line, std::string_view value) {
  if (value.find_first_of(" \"=") == std::string_view::npos) {
    append_printable(line, value);
    return;
  }
  line.push_back('"');
  for (const char c : value) {
    if (c == '"') line.push_back('\\');
    append_printable(line, {&c, 1});
  }
  line.push_back('"');
}

void append_field(LogLine& line, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  line.push_back(' ');
  append(line, name);
  line.push_back('=');
  append_value(line, value);
}

// RFC 8259, section 7. Bytes that are not UTF-8 become U+FFFD, one each.
void append_json_string(LogLine& line, std::string_view text) {
  line.push_back('"');
  while (!text.empty()) {
    const char c = text.front();
    const std::size_t length = utf8_length(text);
    if (length == 0) {
      append(line, "\\ufffd");
    } else if (length > 1) {
      append(line, text.substr(0, length));
    } else if (c == '"' || c == '\\') {
      line.push_back('\\');
      line.push_back(c);
    } else if (c == '\n') {
      append(line, "\\n");
    } else if (c == '\t') {
      append(line, "\\t");
    } else if (is_control(c)) {
      fmt::format_to(fmt::appender(line), FMT_COMPILE("\\u{:04x}"), static_cast<unsigned char>(c));
    } else {
      line.push_back(c);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  line.push_back('"');
}

void append_json_field(LogLine& line, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  fmt::format_to(fmt::appender(line), FMT_COMPILE(",\"{}\":"), name);
  append_json_string(line, value);
}

}  // namespace

void append_process(LogLine& line, LogProcess process) {
  switch (process.kind) {
    case LogProcessKind::kMaster:
      return append(line, "master");
    case LogProcessKind::kWorker:
      fmt::format_to(fmt::appender(line), FMT_COMPILE("worker {}"), process.number);
      return;
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
  append_field(line, "client", record.context.client);
  append_field(line, "user", record.context.user);
  append_field(line, "db", record.context.database);
  if (record.context.session != 0) {
    fmt::format_to(fmt::appender(line), FMT_COMPILE(" session={}"), record.context.session);
  }
  append(line, ": ");
  append_printable(line, record.text);
}

void append_text_line(LogLine& line, const LogRecord& record) {
  append_time(line, record.time_us, ' ');
  fmt::format_to(fmt::appender(line), FMT_COMPILE(".{:03} UTC [{}] "),
                 record.time_us % kMicroseconds / 1000, record.pid);
  append_text_body(line, record);
  line.push_back('\n');
}

void append_json_line(LogLine& line, const LogRecord& record) {
  append(line, "{\"time\":\"");
  append_time(line, record.time_us, 'T');
  fmt::format_to(fmt::appender(line), FMT_COMPILE(".{:06}Z\",\"level\":\"{}\",\"process\":\""),
                 record.time_us % kMicroseconds, log_level_name(record.level));
  append_process(line, record.process);
  fmt::format_to(fmt::appender(line), FMT_COMPILE("\",\"pid\":{}"), record.pid);
  append_json_field(line, "client", record.context.client);
  append_json_field(line, "user", record.context.user);
  append_json_field(line, "database", record.context.database);
  if (record.context.session != 0) {
    fmt::format_to(fmt::appender(line), FMT_COMPILE(",\"session\":{}"), record.context.session);
  }
  append(line, ",\"message\":");
  append_json_string(line, record.text);
  append(line, "}\n");
}

}  // namespace pgring
