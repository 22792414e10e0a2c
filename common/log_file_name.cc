// Expanding and recognising log file names.
#include "common/log_file_name.h"

#include <fnmatch.h>

#include <array>
#include <charconv>
#include <ctime>
#include <stdexcept>

namespace pgring {
namespace {

constexpr std::string_view kDigit = "[0-9]";
constexpr std::string_view kCompressed = ".gz";

// What a % sequence looks like when expanded; empty if it is not one of ours.
std::string glob_of(char sequence) {
  const auto digits = [](std::size_t count) {
    std::string glob;
    for (std::size_t i = 0; i < count; ++i) glob += kDigit;
    return glob;
  };
  switch (sequence) {
    case 'Y':
      return digits(4);
    case 'j':
      return digits(3);
    case 'F':
      return digits(4) + '-' + digits(2) + '-' + digits(2);
    case 'y':
    case 'm':
    case 'd':
    case 'H':
    case 'M':
    case 'S':
      return digits(2);
    case '%':
      return "%";
    default:
      return {};
  }
}

bool all_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::string_view without_gz(std::string_view name) {
  if (name.ends_with(kCompressed)) name.remove_suffix(kCompressed.size());
  return name;
}

}  // namespace

std::string_view LogFileName::unknown_sequence(std::string_view pattern) {
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] != '%') continue;
    if (i + 1 == pattern.size() || glob_of(pattern[i + 1]).empty()) return pattern.substr(i, 2);
    ++i;
  }
  return {};
}

LogFileName::LogFileName(std::string_view pattern) : pattern_(pattern) {
  if (pattern.empty()) throw std::invalid_argument("log_filename is empty");
  if (const std::string_view wrong = unknown_sequence(pattern); !wrong.empty()) {
    throw std::invalid_argument("log_filename: unknown sequence \"" + std::string(wrong) + '"');
  }
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (c == '/') throw std::invalid_argument("log_filename must not contain a '/'");
    if (c != '%') {
      if (std::string_view("*?[]\\").find(c) != std::string_view::npos) glob_ += '\\';
      glob_ += c;
      continue;
    }
    glob_ += glob_of(pattern[++i]);
  }
}

std::string LogFileName::expand(int64_t now_us) const {
  const std::time_t seconds = static_cast<std::time_t>(now_us / 1'000'000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::string name;
  std::array<char, 16> field;
  for (std::size_t i = 0; i < pattern_.size(); ++i) {
    if (pattern_[i] != '%') {
      name += pattern_[i];
      continue;
    }
    const std::array<char, 3> sequence = {'%', pattern_[++i], '\0'};
    name.append(field.data(), std::strftime(field.data(), field.size(), sequence.data(), &parts));
  }
  return name;
}

bool LogFileName::matches(std::string_view name) const {
  name = without_gz(name);
  if (fnmatch(glob_.c_str(), std::string(name).c_str(), 0) == 0) return true;
  const std::size_t dot = name.rfind('.');
  return dot != std::string_view::npos && all_digits(name.substr(dot + 1)) &&
         fnmatch(glob_.c_str(), std::string(name.substr(0, dot)).c_str(), 0) == 0;
}

unsigned log_file_number(std::string_view base, std::string_view name) {
  name = without_gz(name);
  if (!name.starts_with(base)) return 0;
  name.remove_prefix(base.size());
  if (!name.starts_with('.') || !all_digits(name.substr(1))) return 0;
  unsigned number = 0;
  std::from_chars(name.data() + 1, name.data() + name.size(), number);
  return number;
}

}  // namespace pgring
