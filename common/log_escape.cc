// Escaping.
#include "common/log_escape.h"

#include <fmt/compile.h>

#include "common/text_escape.h"

namespace pgring {
namespace {

void append(LogLine& line, std::string_view text) {
  line.append(text.data(), text.data() + text.size());
}

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7F;
}

// What terminals obey or readers of lines take for their end: U+0080 to U+009F, U+2028, U+2029.
bool is_wide_control(std::string_view character) {
  if (character.size() == 2) {
    return character[0] == '\xC2' && static_cast<unsigned char>(character[1]) < 0xA0;
  }
  return character == "\xE2\x80\xA8" || character == "\xE2\x80\xA9";
}

void append_hex(LogLine& line, std::string_view bytes) {
  for (const char c : bytes) {
    fmt::format_to(fmt::appender(line), FMT_COMPILE("\\x{:02x}"), static_cast<unsigned char>(c));
  }
}

// One character of `text`, which is not empty; returns the bytes it takes.
std::size_t append_character(LogLine& line, std::string_view text) {
  const std::size_t length = utf8_length(text);
  const std::string_view character = text.substr(0, length == 0 ? 1 : length);
  if (character == "\n") {
    append(line, "\\n");
  } else if (character == "\t") {
    append(line, "\\t");
  } else if (length == 0 || is_control(text.front()) || is_wide_control(character)) {
    append_hex(line, character);
  } else {
    append(line, character);
  }
  return character.size();
}

}  // namespace

void append_printable(LogLine& line, std::string_view text) {
  while (!text.empty()) text.remove_prefix(append_character(line, text));
}

void append_value(LogLine& line, std::string_view value) {
  if (value.find_first_of(" \"=\\") == std::string_view::npos) {
    append_printable(line, value);
    return;
  }
  line.push_back('"');
  while (!value.empty()) {
    if (value.front() == '"' || value.front() == '\\') line.push_back('\\');
    value.remove_prefix(append_character(line, value));
  }
  line.push_back('"');
}

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

}  // namespace pgring
