// Parsers and writers of the plain types: numbers, sizes, words, lists. Durations are in
// settings_duration.cc.
#include "common/settings_value.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "common/ini_reader.h"

namespace pgring {
namespace {

constexpr std::array<std::pair<std::string_view, int>, 9> kSizeUnits{{{"", 0},
                                                                      {"B", 0},
                                                                      {"k", 10},
                                                                      {"kB", 10},
                                                                      {"M", 20},
                                                                      {"MB", 20},
                                                                      {"G", 30},
                                                                      {"GB", 30},
                                                                      {"TB", 40}}};
constexpr std::array kTargetWords{"auto", "stderr", "file", "syslog", "journald"};

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool* target_flag(LogTargets& targets, std::size_t word) {
  const std::array<bool*, kTargetWords.size()> flags{&targets.automatic, &targets.stderr_stream,
                                                     &targets.file, &targets.syslog,
                                                     &targets.journald};
  return flags[word];
}

StringList split_list(std::string_view text) {
  StringList items;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(','), text.size());
    const std::string_view item = trimmed(text.substr(0, end));
    if (!item.empty()) items.emplace_back(item);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return items;
}

std::string size_text(uint64_t bytes) {
  int shift = 0;
  while (shift < 40 && bytes != 0 && bytes % 1024 == 0) {
    bytes /= 1024;
    shift += 10;
  }
  constexpr std::array kNames{"", "kB", "MB", "GB", "TB"};
  return fmt::format("{}{}", bytes, kNames[static_cast<std::size_t>(shift) / 10]);
}

}  // namespace

bool same_word(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

bool parse_whole_number(std::string_view text, int64_t& out) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  int base = 10;
  if (text.starts_with("0x") || text.starts_with("0X")) {
    base = 16;
    text.remove_prefix(2);
  } else if (text.size() > 1 && text[0] == '0') {
    base = 8;
  }
  if (text.starts_with('-')) return false;
  const char* end = text.data() + text.size();
  const auto [stop, failure] = std::from_chars(text.data(), end, out, base);
  if (negative) out = -out;
  return failure == std::errc() && stop == end;
}

std::string describe_number(const Limits& limits) {
  return limits.max >= std::numeric_limits<int>::max()
             ? fmt::format("a whole number, at least {}", limits.min)
             : fmt::format("a whole number from {} to {}", limits.min, limits.max);
}

bool parse_value(std::string_view text, const Limits&, bool& out) {
  for (const char* word : {"1", "yes", "on", "true"}) {
    if (same_word(text, word)) return out = true;
  }
  for (const char* word : {"0", "no", "off", "false"}) {
    if (same_word(text, word)) return !(out = false);
  }
  return false;
}

bool parse_value(std::string_view text, const Limits& limits, int& out) {
  int64_t number = 0;
  if (!parse_whole_number(text, number) || number < limits.min || number > limits.max) return false;
  out = static_cast<int>(number);
  return true;
}

bool parse_value(std::string_view text, const Limits& limits, uint64_t& out) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789xX"), text.size());
  const std::string_view unit = trimmed(text.substr(digits));
  const auto* found = std::find_if(kSizeUnits.begin(), kSizeUnits.end(),
                                   [&](const auto& u) { return same_word(u.first, unit); });
  int64_t number = 0;
  if (found == kSizeUnits.end() || !parse_whole_number(text.substr(0, digits), number)) {
    return false;
  }
  if (number > limits.max >> found->second) return false;
  number <<= found->second;
  if (number < limits.min) return false;
  out = static_cast<uint64_t>(number);
  return true;
}

bool parse_value(std::string_view text, const Limits&, mode_t& out) {
  unsigned mode = 0;
  const char* end = text.data() + text.size();
  const auto [stop, failure] = std::from_chars(text.data(), end, mode, 8);
  out = static_cast<mode_t>(mode);
  return failure == std::errc() && stop == end && mode <= 0777;
}

bool parse_value(std::string_view text, const Limits&, std::string& out) {
  out = text;
  return true;
}

bool parse_value(std::string_view text, const Limits&, StringList& out) {
  out = split_list(text);
  return true;
}

bool parse_value(std::string_view text, const Limits&, LogTargets& out) {
  out = {};
  const StringList items = split_list(text);
  for (const std::string& item : items) {
    const auto* word = std::find_if(kTargetWords.begin(), kTargetWords.end(),
                                    [&](const char* w) { return same_word(w, item); });
    if (word == kTargetWords.end()) return false;
    *target_flag(out, static_cast<std::size_t>(word - kTargetWords.begin())) = true;
  }
  return !items.empty() && (!out.automatic || items.size() == 1);
}

std::string format_value(bool value, const Limits&) { return value ? "1" : "0"; }

std::string format_value(int value, const Limits&) { return std::to_string(value); }

std::string format_value(uint64_t value, const Limits& limits) {
  return limits.unit == Unit::kSize ? size_text(value) : std::to_string(value);
}

std::string format_value(mode_t value, const Limits&) { return fmt::format("{:04o}", value); }

std::string format_value(const std::string& value, const Limits&) { return value; }

std::string format_value(const StringList& value, const Limits&) {
  return fmt::format("{}", fmt::join(value, ","));
}

std::string format_value(const LogTargets& value, const Limits&) {
  if (value.automatic) return kTargetWords[0];
  LogTargets targets = value;
  StringList words;
  for (std::size_t i = 1; i < kTargetWords.size(); ++i) {
    if (*target_flag(targets, i)) words.emplace_back(kTargetWords[i]);
  }
  return fmt::format("{}", fmt::join(words, ","));
}

std::string describe_value(const bool*, const Limits&) {
  return "1, yes, on, true or 0, no, off, false";
}

std::string describe_value(const int*, const Limits& limits) { return describe_number(limits); }

std::string describe_value(const uint64_t*, const Limits& limits) {
  return fmt::format("a size from {} to {} (units kB, MB, GB, TB; without one: bytes)",
                     size_text(static_cast<uint64_t>(limits.min)),
                     size_text(static_cast<uint64_t>(limits.max)));
}

std::string describe_value(const mode_t*, const Limits&) {
  return "an octal file mode from 0 to 0777";
}

std::string describe_value(const std::string*, const Limits&) { return "a text"; }

std::string describe_value(const StringList*, const Limits&) { return "a comma-separated list"; }

std::string describe_value(const LogTargets*, const Limits&) {
  return "auto, or a comma-separated list of stderr, file, syslog, journald";
}

}  // namespace pgring
