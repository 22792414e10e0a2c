// Averages as PgBouncer makes them.
#include "master/stats_history.h"

#include <doctest/doctest.h>

using namespace pgring;
using enum StatCounter;

TEST_CASE("stats: counts and bytes are per second, times per unit of work") {
  StatValues before, now;
  before[kQueries] = 100;
  before[kQueryTime] = 5000;
  now[kQueries] = 140;
  now[kQueryTime] = 9000;
  now[kReceived] = 4000;
  now[kWaitTime] = 700;
  const StatValues avg = average(now, before, 2'000'000);
  CHECK(avg[kQueries] == 20);
  CHECK(avg[kQueryTime] == 100);
  CHECK(avg[kReceived] == 2000);
  CHECK(avg[kWaitTime] == 0);  // without an assignment there is nothing to divide by
  CHECK(average(now, before, 0)[kQueries] == 0);
}
