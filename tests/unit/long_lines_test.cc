// When reads gather in long lines.
#include "worker/long_lines.h"

#include <doctest/doctest.h>

namespace pgring {
namespace {

constexpr int64_t kSecond = 1'000'000;
constexpr uint32_t kLines = 2;

// In each period so many reads are answered that were at the front for so long.
struct Life {
  LongLines lines;
  int64_t now = kSecond;

  bool period(int64_t reads, int64_t at_front) {
    for (int64_t i = 0; i < reads; ++i) lines.note(at_front);
    now += LongLines::kPeriod;
    lines.review(now, kLines);
    return lines.wanted();
  }
  // Connections that always have something to do.
  bool busy_period(uint32_t connections, int64_t at_front) {
    return period(LongLines::kPeriod * connections / at_front, at_front);
  }
  // How long it takes until long lines are tried, in microseconds, while many short ones are busy.
  int64_t until_tried(int64_t at_front = 200) {
    const int64_t begin = now;
    while (!busy_period(20, at_front)) REQUIRE(now - begin < 1000 * kSecond);
    return now - begin;
  }
};

TEST_CASE("long lines: from the beginning, and while reads are very short") {
  Life life;
  CHECK(life.lines.wanted());
  for (int i = 0; i < 1000; ++i) CHECK(life.busy_period(kLines, LongLines::kVeryShort));
}

TEST_CASE("long lines: not for reads that take longer") {
  Life life;
  CHECK(life.period(0, 0));
  CHECK_FALSE(life.busy_period(kLines, LongLines::kVeryShort + 1));
}

TEST_CASE("long lines: a few reads tell nothing") {
  Life life;
  for (int i = 0; i < 10; ++i) CHECK(life.period(LongLines::kEnough - 1, 10'000));
}

TEST_CASE("long lines: a long read among many very short ones is borne") {
  Life life;
  life.period(0, 0);
  life.lines.note(20'000);
  CHECK(life.period(5'000, 15));
}

TEST_CASE("long lines: what many backends delay is tried on few, soon") {
  Life life;
  life.period(0, 0);
  REQUIRE_FALSE(life.busy_period(kLines, 500));
  // 20 connections, 200 us each: 100,000 reads per second.
  CHECK(life.until_tried() == Trial::kShortestPause);
  for (int i = 0; i < 200; ++i) CHECK(life.busy_period(kLines, 20));
}

TEST_CASE("long lines: not tried where they could not be kept") {
  Life life;
  life.period(0, 0);
  REQUIRE_FALSE(life.busy_period(kLines, 500));
  // 20 connections, 1 ms each: 20,000 reads per second, half of what long lines must reach.
  for (int i = 0; i < 1000; ++i) CHECK_FALSE(life.busy_period(20, 1'000));
  // Nor while there is little to do, however short it is.
  for (int i = 0; i < 1000; ++i) CHECK_FALSE(life.period(500, 10));
}

TEST_CASE("long lines: in vain again and again, they are tried ever more seldom") {
  Life life;
  life.period(0, 0);
  int64_t pause = Trial::kShortestPause;
  for (int i = 0; i < 10; ++i) {
    REQUIRE_FALSE(life.busy_period(kLines, 500));
    CHECK(life.until_tried() == pause);
    if (pause < Trial::kLongestPause) pause *= 2;
  }
}

TEST_CASE("long lines: what went well for long is tried again soon") {
  Life life;
  life.period(0, 0);
  for (int i = 0; i < 5; ++i) {
    REQUIRE_FALSE(life.busy_period(kLines, 500));
    life.until_tried();
  }
  for (int64_t end = life.now + Trial::kWell; life.now <= end;) {
    REQUIRE(life.busy_period(kLines, 20));
  }
  REQUIRE_FALSE(life.busy_period(kLines, 500));
  CHECK(life.until_tried() == Trial::kShortestPause);
}

}  // namespace
}  // namespace pgring
