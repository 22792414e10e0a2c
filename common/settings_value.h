// One setting's value between text and type: for each type a parser, a writer, and the sentence
// that tells an administrator what would have been right.
#pragma once

#include <array>
#include <charconv>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "common/settings.h"

namespace pgring {

// How a number is written. kSeconds, kMilliseconds: that unit if none is given, and shown without
// one, as PgBouncer does; kTime, kSize: shown with a unit. All of them are read with any unit.
enum class Unit : uint8_t { kNone, kSeconds, kMilliseconds, kTime, kBytes, kSize };

// Both ends are included: microseconds for durations. A negative minimum admits -1 ("off") only.
struct Limits {
  int64_t min = 0;
  int64_t max = 0;
  Unit unit = Unit::kNone;
};

// The words of each enum, in the order of its enumerators.
template <typename E>
struct Words;
template <>
struct Words<PoolMode> {
  static constexpr std::array kList{"session", "transaction", "statement"};
};
template <>
struct Words<AuthType> {
  static constexpr std::array kList{"any",  "trust", "plain", "md5", "scram-sha-256",
                                    "cert", "hba",   "ldap",  "pam"};
};
template <>
struct Words<SslMode> {
  static constexpr std::array kList{"disable", "allow",     "prefer",
                                    "require", "verify-ca", "verify-full"};
};
template <>
struct Words<LoadBalanceHosts> {
  static constexpr std::array kList{"disable", "round-robin"};
};
template <>
struct Words<LogFormat> {
  static constexpr std::array kList{"text", "json"};
};
template <>
struct Words<LogLevel> {
  static constexpr std::array kList{"noise", "debug", "info", "warning", "error", "fatal"};
};
template <>
struct Words<SyslogFacility> {
  static constexpr std::array kList{"auth",   "authpriv", "cron",   "daemon", "ftp",
                                    "kern",   "lpr",      "mail",   "news",   "syslog",
                                    "user",   "uucp",     "local0", "local1", "local2",
                                    "local3", "local4",   "local5", "local6", "local7"};
};

template <typename T>
concept Enumerated = requires {
  Words<T>::kList;
};

bool same_word(std::string_view a, std::string_view b);        // letters of either case
bool parse_whole_number(std::string_view text, int64_t& out);  // 0x1f, 017 and -1 too, as strtol
std::string describe_number(const Limits& limits);

bool parse_value(std::string_view text, const Limits& limits, bool& out);
bool parse_value(std::string_view text, const Limits& limits, int& out);
bool parse_value(std::string_view text, const Limits& limits, uint64_t& out);
bool parse_value(std::string_view text, const Limits& limits, Duration& out);
bool parse_value(std::string_view text, const Limits& limits, mode_t& out);
bool parse_value(std::string_view text, const Limits& limits, std::string& out);
bool parse_value(std::string_view text, const Limits& limits, StringList& out);
bool parse_value(std::string_view text, const Limits& limits, LogTargets& out);

std::string format_value(bool value, const Limits& limits);
std::string format_value(int value, const Limits& limits);
std::string format_value(uint64_t value, const Limits& limits);
std::string format_value(Duration value, const Limits& limits);
std::string format_value(mode_t value, const Limits& limits);
std::string format_value(const std::string& value, const Limits& limits);
std::string format_value(const StringList& value, const Limits& limits);
std::string format_value(const LogTargets& value, const Limits& limits);

// "a whole number from 1 to 64": completes "expected ".
std::string describe_value(const bool*, const Limits& limits);
std::string describe_value(const int*, const Limits& limits);
std::string describe_value(const uint64_t*, const Limits& limits);
std::string describe_value(const Duration*, const Limits& limits);
std::string describe_value(const mode_t*, const Limits& limits);
std::string describe_value(const std::string*, const Limits& limits);
std::string describe_value(const StringList*, const Limits& limits);
std::string describe_value(const LogTargets*, const Limits& limits);

template <Enumerated E>
bool parse_value(std::string_view text, const Limits&, E& out) {
  for (std::size_t i = 0; i < Words<E>::kList.size(); ++i) {
    if (same_word(text, Words<E>::kList[i])) {
      out = static_cast<E>(i);
      return true;
    }
  }
  return false;
}

template <Enumerated E>
std::string format_value(E value, const Limits&) {
  return Words<E>::kList[static_cast<std::size_t>(value)];
}

template <Enumerated E>
std::string describe_value(const E*, const Limits&) {
  std::string text = "one of";
  const char* separator = " ";
  for (const char* word : Words<E>::kList) {
    text += separator;
    text += word;
    separator = ", ";
  }
  return text;
}

// Of a database or a user: -1 says, as in PgBouncer, that nothing is set.
template <typename T>
bool parse_value(std::string_view text, const Limits& limits, std::optional<T>& out) {
  if constexpr (!Enumerated<T>) {
    if (text == "-1") {
      out.reset();
      return true;
    }
  }
  return parse_value(text, limits, out.emplace());
}

template <typename T>
std::string format_value(const std::optional<T>& value, const Limits& limits) {
  return value ? format_value(*value, limits) : "";
}

template <typename T>
std::string describe_value(const std::optional<T>*, const Limits& limits) {
  return describe_value(static_cast<const T*>(nullptr), limits);
}

}  // namespace pgring
