// Durations between text and microseconds: "5ms", "0.5", "1h"; a bare number counts in seconds, or
// in milliseconds where PgBouncer's setting of that name does.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "common/ini_reader.h"
#include "common/settings_value.h"

namespace pgring {
namespace {

constexpr int64_t kSecond = 1'000'000;
constexpr std::array<std::pair<std::string_view, int64_t>, 6> kTimeUnits{{{"us", 1},
                                                                          {"ms", 1000},
                                                                          {"s", kSecond},
                                                                          {"min", 60 * kSecond},
                                                                          {"h", 3600 * kSecond},
                                                                          {"d", 86400 * kSecond}}};

int64_t bare_unit(const Limits& limits) {
  return limits.unit == Unit::kMilliseconds ? 1000 : kSecond;
}

// 90 s is "90s", not "1.5min": the largest unit that gives a whole number.
std::string with_unit(int64_t microseconds) {
  if (microseconds == 0) return "0";
  std::string text;
  for (const auto& [name, size] : kTimeUnits) {
    if (microseconds % size == 0) text = fmt::format("{}{}", microseconds / size, name);
  }
  return text;
}

}  // namespace

bool parse_value(std::string_view text, const Limits& limits, Duration& out) {
  if (limits.min < 0 && (text == "-1" || same_word(text, "off"))) {
    out = Duration(-1);
    return true;
  }
  double number = 0;
  const auto [stop, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc() || !std::isfinite(number) || number < 0) return false;
  const std::string_view unit = trimmed(text.substr(static_cast<std::size_t>(stop - text.data())));
  int64_t factor = bare_unit(limits);
  if (!unit.empty()) {
    const auto* found = std::find_if(kTimeUnits.begin(), kTimeUnits.end(),
                                     [&](const auto& u) { return same_word(u.first, unit); });
    if (found == kTimeUnits.end()) return false;
    factor = found->second;
  }
  const double microseconds = std::round(number * static_cast<double>(factor));
  if (microseconds < static_cast<double>(limits.min)) return false;
  if (microseconds > static_cast<double>(limits.max)) return false;
  out = Duration(static_cast<int64_t>(microseconds));
  return true;
}

std::string format_value(Duration value, const Limits& limits) {
  if (value.count() < 0) return "-1";
  if (limits.unit == Unit::kTime) return with_unit(value.count());
  return fmt::format("{}",
                     static_cast<double>(value.count()) / static_cast<double>(bare_unit(limits)));
}

std::string describe_value(const Duration*, const Limits& limits) {
  return fmt::format("{}a time from {} to {} (units us, ms, s, min, h, d; without one: {})",
                     limits.min < 0 ? "-1 for off, or " : "",
                     with_unit(std::max<int64_t>(limits.min, 0)), with_unit(limits.max),
                     limits.unit == Unit::kMilliseconds ? "milliseconds" : "seconds");
}

}  // namespace pgring
