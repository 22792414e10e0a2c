// Rates and percentiles of the status page.
#include "master/status_history.h"

#include <doctest/doctest.h>

using namespace pgring;

namespace {

Snapshot at(int64_t now, uint64_t queries, uint64_t fast) {
  Snapshot snapshot;
  snapshot.taken_at = now;
  PoolSnapshot& pool = snapshot.pools.emplace_back();
  pool.database = std::string(1, 'd');
  pool.stats[StatCounter::kQueries] = queries;
  pool.total.counts[3] = pool.total.count = fast;  // 8 to 16 us
  WorkerSnapshot& worker = snapshot.workers.emplace_back();
  worker.number = 1;
  worker.tasks_claimed = queries;
  return snapshot;
}

}  // namespace

TEST_CASE("history: rates are of the last step") {
  StatusHistory history;
  history.add(at(1'000'000, 5000, 5000));
  CHECK(history.points().empty());  // what was before this process says nothing about now
  history.add(at(3'000'000, 5100, 5100));
  REQUIRE(history.points().size() == 1);
  CHECK(history.points().back().queries == doctest::Approx(50));
  CHECK(history.points().back().p99 >= 8);
  CHECK(history.points().back().p99 <= 16);
  CHECK(history.pool_rate(at(0, 0, 0).pools[0]) == doctest::Approx(50));
  CHECK(history.worker_rate(1) == doctest::Approx(50));
  history.add(at(5'000'000, 5100, 5100));
  CHECK(history.points().back().queries == 0);
  CHECK(history.points().back().p99 == 0);
}

TEST_CASE("history: a counter that begins again counts from zero") {
  StatusHistory history;
  history.add(at(1'000'000, 5000, 5000));
  history.add(at(3'000'000, 20, 20));
  CHECK(history.points().back().queries == doctest::Approx(10));
}

TEST_CASE("history: it keeps so many points and no more") {
  StatusHistory history;
  for (int64_t i = 1; i < 500; ++i) history.add(at(i * StatusHistory::kStep, 0, 0));
  CHECK(history.points().size() == StatusHistory::kPoints);
}
