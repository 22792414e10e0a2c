// When statements gather in lines, and in how many.
#include "worker/gathering.h"

#include <doctest/doctest.h>

namespace pgring {
namespace {

constexpr int64_t kSecond = 1'000'000;
constexpr uint32_t kCores = 2;

// In each period so many statements are answered that were at the front for so long.
struct Life {
  Gathering gathering;
  int64_t now = kSecond;

  bool period(int64_t statements, int64_t at_front) {
    for (int64_t i = 0; i < statements; ++i) gathering.note(at_front);
    now += Gathering::kPeriod;
    gathering.review(now, kCores);
    return gathering.wanted();
  }
  // So many connections that always have something to do, on processors of which a statement needs
  // `cost`.
  bool busy_period(uint32_t connections, int64_t cost) {
    const int64_t at_front = cost * connections / kCores;
    return period(Gathering::kPeriod * connections / at_front, at_front);
  }
};

TEST_CASE("gathering: from the beginning, and while statements are short") {
  Life life;
  CHECK(life.gathering.wanted());
  for (int i = 0; i < 100; ++i) CHECK(life.busy_period(kCores, 900));
}

TEST_CASE("gathering: long ones do not, however few") {
  Life life;
  CHECK_FALSE(life.period(3, 20'000));
}

TEST_CASE("gathering: a long one among many short ones is borne") {
  Life life;
  life.gathering.note(20'000);
  CHECK(life.period(200, 50));
}

TEST_CASE("gathering: as soon as they are short again") {
  Life life;
  REQUIRE_FALSE(life.period(100, 20'000));
  REQUIRE_FALSE(life.period(1, 50));
  CHECK(life.period(100, 50));
}

TEST_CASE("gathering: what many backends delay is tried on few, and kept if it is short there") {
  Life life;
  REQUIRE_FALSE(life.period(100, 20'000));
  const int64_t begin = life.now;
  while (!life.busy_period(200, 50)) REQUIRE(life.now - begin < 2 * kSecond);
  for (int i = 0; i < 100; ++i) CHECK(life.busy_period(kCores, 50));
}

TEST_CASE("gathering: what is long on few as well is tried ever less often") {
  Life life;
  REQUIRE_FALSE(life.period(100, 20'000));
  int tried = 0;
  // Statements that wait for something else than a processor.
  for (int i = 0; i < 600; ++i) tried += life.period(1'000, 20'000) ? 1 : 0;
  CHECK(tried >= 3);
  CHECK(tried <= 6);
}

TEST_CASE("gathering: long ones that are few are not tried") {
  Life life;
  REQUIRE_FALSE(life.period(100, 20'000));
  for (int i = 0; i < 600; ++i) CHECK_FALSE(life.busy_period(kCores, 20'000));
}

TEST_CASE("gathering: very short ones on as many connections as cores, others on one more") {
  Life life;
  life.busy_period(kCores, 20);
  CHECK(life.gathering.lines() == kCores);
  life.busy_period(kCores, 150);
  CHECK(life.gathering.lines() == kCores + 1);
  life.period(Gathering::kEnough - 1, 20);
  CHECK(life.gathering.lines() == kCores + 1);  // too few to tell
  life.busy_period(kCores + 1, 20);
  CHECK(life.gathering.lines() == kCores);
}

TEST_CASE("gathering: on more cores at once when there are more") {
  Life life;
  life.busy_period(kCores, 20);
  life.gathering.review(life.now, 8);
  CHECK(life.gathering.lines() == 8);
  life.gathering.review(life.now, 1);
  CHECK(life.gathering.lines() == 2);
}

}  // namespace
}  // namespace pgring
