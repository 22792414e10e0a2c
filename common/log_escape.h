// Putting text that anyone may have sent into a log line, so that it stays one line and cannot be
// taken for anything else.
#pragma once

#include <fmt/format.h>

#include <string_view>

namespace pgring {

// A line buffer that is used again and again; grows to the longest line once.
using LogLine = fmt::basic_memory_buffer<char, 1024>;

// For people: control characters, line separators and bytes that are not UTF-8 as \n, \t or \x1b.
void append_printable(LogLine& line, std::string_view text);
// A field's value: in quotes where it would be ambiguous without.
void append_value(LogLine& line, std::string_view value);
// A JSON string with its quotes (RFC 8259, section 7). Bytes that are not UTF-8 become U+FFFD, one
// each.
void append_json_string(LogLine& line, std::string_view text);

}  // namespace pgring
