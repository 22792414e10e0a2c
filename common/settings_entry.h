// One row of the tables of settings: a name bound to a typed member, with everything that parsing,
// reloading, SHOW CONFIG and the manual need to know about it.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "common/settings_value.h"

namespace pgring {

enum class Change : uint8_t { kReload, kRestart };
// kNoMeaning: PgBouncer's, accepted with one warning that says why it does nothing here.
enum class Origin : uint8_t { kPgring, kPgBouncer, kNoMeaning };

template <typename S>
struct Entry {
  std::string_view name;
  std::string_view default_text;
  Limits limits;
  Change change = Change::kReload;
  Origin origin = Origin::kPgBouncer;
  bool available = true;    // false: accepted with a warning that this version does nothing with it
  std::string_view reason;  // for kNoMeaning
  bool (*parse)(S&, std::string_view, const Limits&) = nullptr;
  std::string (*format)(const S&, const Limits&) = nullptr;
  std::string (*describe)(const Limits&) = nullptr;

  constexpr Entry restart() const {
    Entry copy = *this;
    copy.change = Change::kRestart;
    return copy;
  }
  constexpr Entry later() const {
    Entry copy = *this;
    copy.available = false;
    return copy;
  }
  constexpr Entry ignored(std::string_view why) const {
    Entry copy = *this;
    copy.origin = Origin::kNoMeaning;
    copy.reason = why;
    return copy;
  }
  constexpr Entry ours() const {
    Entry copy = *this;
    copy.origin = Origin::kPgring;
    return copy;
  }
};

template <typename S, typename T>
constexpr S struct_of(T S::*);
template <typename S, typename T>
constexpr T type_of(T S::*);

template <auto M>
constexpr auto entry(std::string_view name, std::string_view default_text = {},
                     Limits limits = {}) {
  using S = decltype(struct_of(M));
  using T = decltype(type_of(M));
  Entry<S> row;
  row.name = name;
  row.default_text = default_text;
  row.limits = limits;
  row.parse = [](S& to, std::string_view text, const Limits& l) {
    return parse_value(text, l, to.*M);
  };
  row.format = [](const S& from, const Limits& l) { return format_value(from.*M, l); };
  row.describe = [](const Limits& l) { return describe_value(static_cast<const T*>(nullptr), l); };
  return row;
}

inline constexpr int64_t kLongestTime = int64_t{36500} * 86400 * 1'000'000;
inline constexpr Limits kCount{0, std::numeric_limits<int>::max()};
inline constexpr Limits kSeconds{0, kLongestTime, Unit::kSeconds};  // PgBouncer's times
inline constexpr Limits kTime{0, kLongestTime, Unit::kTime};
inline constexpr Limits kPort{1, 65535};

constexpr Limits count(int64_t min, int64_t max) { return {min, max}; }
constexpr Limits bytes(int64_t min, int64_t max) { return {min, max, Unit::kBytes}; }
constexpr Limits size(int64_t min, int64_t max) { return {min, max, Unit::kSize}; }

}  // namespace pgring
