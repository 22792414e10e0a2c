// The parser of connection strings.
#include "common/ini_connection_string.h"

#include <fmt/format.h>

#include "common/settings_diagnostic.h"

namespace pgring {
namespace {

constexpr std::string_view kBlanks = " \t";

void skip_blanks(std::string_view& text) {
  const std::size_t begin = text.find_first_not_of(kBlanks);
  text.remove_prefix(begin == std::string_view::npos ? text.size() : begin);
}

// Takes a value in quotes off `text`. False: the closing quote is missing.
bool take_quoted(std::string_view& text, std::string& value) {
  text.remove_prefix(1);
  while (!text.empty()) {
    if (text[0] == '\'') {
      if (text.size() < 2 || text[1] != '\'') {
        text.remove_prefix(1);
        return true;
      }
      text.remove_prefix(1);
    }
    value += text[0];
    text.remove_prefix(1);
  }
  return false;
}

// Takes one value off `text` and says what is wrong with it, if anything.
std::string take_value(std::string_view& text, std::string_view key, std::string& value) {
  skip_blanks(text);
  if (!text.empty() && text[0] == '\'') {
    if (!take_quoted(text, value)) {
      return fmt::format("the value of {} has no closing quote", in_quotes(key));
    }
    if (!text.empty() && kBlanks.find(text[0]) == std::string_view::npos) {
      return fmt::format("the value of {} goes on after its closing quote", in_quotes(key));
    }
  } else {
    value = text.substr(0, text.find_first_of(kBlanks));
    text.remove_prefix(value.size());
  }
  return value.empty() ? fmt::format("{} has an empty value", in_quotes(key)) : "";
}

}  // namespace

ConnectionString parse_connection_string(std::string_view text) {
  ConnectionString result;
  for (skip_blanks(text); !text.empty(); skip_blanks(text)) {
    std::string key(text.substr(0, text.find_first_of(" \t=")));
    text.remove_prefix(key.size());
    skip_blanks(text);
    if (text.empty() || text[0] != '=') {
      // Without a name before it, this may be a piece of a badly quoted password.
      result.error = result.pairs.empty()
                         ? fmt::format("{} is not \"name=value\"", in_quotes(key))
                         : fmt::format("what follows the value of {} is not \"name=value\"",
                                       in_quotes(result.pairs.back().first));
      return result;
    }
    if (key.empty()) {
      result.error = "a \"=\" has no name before it";
      return result;
    }
    text.remove_prefix(1);
    std::string value;
    result.error = take_value(text, key, value);
    if (!result.error.empty()) return result;
    result.pairs.emplace_back(std::move(key), std::move(value));
  }
  return result;
}

}  // namespace pgring
