// When a process lets others finish first.
#include "common/batch_scheduling.h"

#include <doctest/doctest.h>

namespace pgring {
namespace {

constexpr int64_t kSecond = 1'000'000;

// A process that is given the processor 20 times in each period, after `wait` microseconds each,
// and does little then.
struct Life {
  BatchDecision decision;
  int64_t now = kSecond;
  ProcessorWaits so_far{};
  uint64_t done = 0;

  bool period(int64_t wait, uint64_t turns = 20, uint64_t done_each = 1) {
    now += BatchDecision::kPeriod;
    so_far.turns += turns;
    so_far.us += wait * static_cast<int64_t>(turns);
    done += turns * done_each;
    return decision.review(now, so_far, done);
  }
  // How long it takes until the decision is `batch`, in microseconds.
  int64_t until(bool batch, int64_t wait) {
    const int64_t begin = now;
    while (period(wait) != batch) REQUIRE(now - begin < 1000 * kSecond);
    return now - begin;
  }
};

TEST_CASE("batch scheduling: as long as turns come soon") {
  Life life;
  for (int i = 0; i < 1000; ++i) CHECK(life.period(90));
}

TEST_CASE("batch scheduling: what was waited for before it was tried does not count") {
  Life life;
  life.so_far = {.us = 100 * kSecond, .turns = 10};
  CHECK(life.period(90));
  CHECK(life.period(90));
}

TEST_CASE("batch scheduling: not when turns are waited for, from the first period on") {
  Life life;
  CHECK(life.period(3'000));
  CHECK_FALSE(life.period(3'000));
  CHECK_FALSE(life.period(10));
}

TEST_CASE("batch scheduling: turns may come late when much has gathered for each") {
  Life life;
  const uint64_t much = 3'000 / BatchDecision::kWorthIt;
  for (int i = 0; i < 1000; ++i) CHECK(life.period(3'000, 20, much));
  CHECK_FALSE(life.period(3'000, 20, much - 1));
}

TEST_CASE("batch scheduling: what was done before it was tried does not count") {
  Life life;
  life.done = 1'000'000;
  CHECK(life.period(3'000));
  CHECK_FALSE(life.period(3'000));
}

TEST_CASE("batch scheduling: a few turns tell nothing") {
  Life life;
  life.period(0);
  for (uint64_t turns = 4; turns < BatchDecision::kTurns; turns += 4) CHECK(life.period(3'000, 4));
  CHECK_FALSE(life.period(3'000, 4));
}

TEST_CASE("batch scheduling: it is tried again, twice as late each time that it is in vain") {
  Life life;
  life.until(false, 3'000);
  int64_t pause = Trial::kShortestPause;
  for (; pause < Trial::kLongestPause; pause *= 2) {
    CHECK(life.until(true, 3'000) == pause);
    CHECK(life.until(false, 3'000) == BatchDecision::kPeriod);
  }
  CHECK(life.until(true, 3'000) == Trial::kLongestPause);
}

TEST_CASE("batch scheduling: a pause is short again after it has gone well for a while") {
  Life life;
  for (int i = 0; i < 5; ++i) {
    life.until(false, 3'000);
    life.until(true, 3'000);
  }
  for (int64_t well = 0; well <= Trial::kWell; well += BatchDecision::kPeriod) {
    life.period(90);
  }
  life.until(false, 3'000);
  CHECK(life.until(true, 3'000) == Trial::kShortestPause);
}

}  // namespace
}  // namespace pgring
