// Values between text and type.
#include <doctest/doctest.h>

#include "common/settings_load.h"
#include "common/settings_table.h"

namespace pgring {
namespace {

template <typename T>
bool refused(std::string_view text, const Limits& limits) {
  T value{};
  return !parse_value(text, limits, value);
}

Duration duration(std::string_view text, const Limits& limits = kTime) {
  Duration value(-77);
  CHECK_MESSAGE(parse_value(text, limits, value), text);
  return value;
}

uint64_t size_of(std::string_view text) {
  uint64_t value = 77;
  CHECK_MESSAGE(parse_value(text, size(0, int64_t{1} << 40), value), text);
  return value;
}

}  // namespace

TEST_CASE("settings: times have units, bare numbers are seconds") {
  using namespace std::chrono_literals;
  CHECK(duration("5ms") == 5ms);
  CHECK(duration("500us") == 500us);
  CHECK(duration("30s") == 30s);
  CHECK(duration("5min") == 5min);
  CHECK(duration("1h") == 1h);
  CHECK(duration("1d") == 24h);
  CHECK(duration("2 MIN") == 2min);
  CHECK(duration("0.5") == 500ms);
  CHECK(duration("15.0") == 15s);
  CHECK(duration("1.5h") == 90min);
  CHECK(duration("0") == 0s);
  CHECK(duration("1e3") == 1000s);
  CHECK(duration("250", {0, kLongestTime, Unit::kMilliseconds}) == 250ms);
  CHECK(duration("1s", {0, kLongestTime, Unit::kMilliseconds}) == 1s);
  CHECK(duration("-1", {-1, kLongestTime, Unit::kTime}) == -1us);
  CHECK(duration("off", {-1, kLongestTime, Unit::kTime}) == -1us);
  for (const char* bad : {"", "ms", "5 m", "5x", "-5", "-1", "off", "nan", "inf", "1h 30min", "5,5",
                          "99999999d", "0x10s", "--1", "5ms5"}) {
    CHECK_MESSAGE(refused<Duration>(bad, kTime), bad);
  }
}

TEST_CASE("settings: sizes count in powers of 1024") {
  CHECK(size_of("4096") == 4096);
  CHECK(size_of("64kB") == 65536);
  CHECK(size_of("64 MB") == 64u << 20);
  CHECK(size_of("1gb") == 1u << 30);
  CHECK(size_of("1TB") == uint64_t{1} << 40);
  CHECK(size_of("0x10") == 16);
  for (const char* bad : {"", "MB", "1.5GB", "-1", "2TB", "1 XB", "99999999999999999999", "0x"}) {
    CHECK_MESSAGE(refused<uint64_t>(bad, size(0, int64_t{1} << 40)), bad);
  }
}

TEST_CASE("settings: whole numbers are read as PgBouncer's strtol does") {
  int value = 0;
  CHECK((parse_value("0x1f", kCount, value) && value == 31));
  CHECK((parse_value("017", kCount, value) && value == 15));
  CHECK((parse_value("2147483647", kCount, value) && value == 2147483647));
  for (const char* bad :
       {"", "-", "-1", "2147483648", "09", "1.0", "1x", "--1", "0x-1", "0x", " "}) {
    CHECK_MESSAGE(refused<int>(bad, kCount), bad);
  }
}

TEST_CASE("settings: words in either case") {
  for (const char* yes : {"1", "yes", "ON", "True"}) {
    bool value = false;
    CHECK((parse_value(yes, {}, value) && value));
  }
  for (const char* no : {"0", "no", "OFF", "False"}) {
    bool value = true;
    CHECK((parse_value(no, {}, value) && !value));
  }
  for (const char* bad : {"", "2", "y", "enable"}) CHECK_MESSAGE(refused<bool>(bad, {}), bad);
  PoolMode mode{};
  CHECK((parse_value("Statement", {}, mode) && mode == PoolMode::kStatement));
  AuthType type{};
  CHECK((parse_value("scram-sha-256", {}, type) && type == AuthType::kScramSha256));
  CHECK((parse_value("pam", {}, type) && type == AuthType::kPam));
  SyslogFacility facility{};
  CHECK((parse_value("local7", {}, facility) && facility == SyslogFacility::kLocal7));
}

TEST_CASE("settings: file modes are octal with and without a leading 0") {
  mode_t mode = 0;
  CHECK((parse_value("0770", {}, mode) && mode == 0770));
  CHECK((parse_value("770", {}, mode) && mode == 0770));
  for (const char* bad : {"", "0888", "01777", "-1", "rwx"}) {
    CHECK_MESSAGE(refused<mode_t>(bad, {}), bad);
  }
}

TEST_CASE("settings: log destinations are a list, or auto alone") {
  LogTargets targets;
  CHECK(parse_value("stderr, File", {}, targets));
  CHECK(format_value(targets, {}) == "stderr,file");
  for (const char* bad : {"", "auto,file", "disk", ","}) {
    CHECK_MESSAGE(refused<LogTargets>(bad, {}), bad);
  }
}

TEST_CASE("settings: every default is valid and written as it would be shown") {
  const Settings defaults = default_settings();
  for (const auto& row : kSettings) {
    Settings settings = defaults;
    CHECK_MESSAGE(row.parse(settings, row.default_text, row.limits), row.name);
    CHECK_MESSAGE(row.format(settings, row.limits) == row.default_text, row.name);
    CHECK_MESSAGE(!row.describe(row.limits).empty(), row.name);
    CHECK_MESSAGE((row.origin == Origin::kNoMeaning) == !row.reason.empty(), row.name);
  }
}

TEST_CASE("settings: what a value is shown as can be read again") {
  using namespace std::chrono_literals;
  CHECK(format_value(Duration(5ms), kTime) == "5ms");
  CHECK(format_value(Duration(90s), kTime) == "90s");
  CHECK(format_value(Duration(1501us), kTime) == "1501us");
  CHECK(format_value(Duration(500ms), kSeconds) == "0.5");
  CHECK(format_value(Duration(86400000s), kSeconds) == "86400000");
  CHECK(format_value(uint64_t{1536}, size(0, 1 << 20)) == "1536");
  CHECK(format_value(uint64_t{3} << 30, size(0, 1 << 20)) == "3GB");
  CHECK(format_value(StringList{"a", "b"}, {}) == "a,b");
}

}  // namespace pgring
