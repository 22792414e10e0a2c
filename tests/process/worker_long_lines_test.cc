// Very short reads stand in long lines on few connections, others on many.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "common/clock.h"
#include "common/platform.h"
#include "tests/process/fake_master.h"

namespace pgring::test {
namespace {

const TaskOptions kRead{.traffic = TaskTraffic::kIndependentRead};
constexpr uint32_t kOrdinaryLine = 32;
constexpr uint32_t kDepth = 40;

struct Pool : FakeMaster {
  const uint32_t lines = std::max(2u, cpu_count());
  const uint32_t size = lines + 2;

  explicit Pool(uint32_t depth = kDepth, int64_t stall_us = 10'000'000, uint32_t may_grow_by = 0) {
    LaneConfig lane = config();
    lane.pool_size = size + may_grow_by;
    lane.min_pool_size = size;
    lane.pipeline_depth = depth;
    lane.pipeline_stall_us = stall_us;
    configure(lane);
    start_worker();
    query("select 1");
    read_until([&] { return share().idle == size; });
  }

  const LaneShare& share() const { return state.lanes[0].shares[1]; }
  uint64_t claimed() const { return state.workers[1].counters.tasks_claimed.load(); }
  // Until each line is full, which the master may see.
  void wait_full(uint32_t others_active = 0) {
    read_until([&] { return share().active == lines + others_active && share().room == 0; });
  }
  // A statement that sleeps at the front of each line, so that all behind it stay in line.
  std::vector<uint32_t> block(double seconds) {
    std::vector<uint32_t> blockers;
    for (uint32_t i = 0; i < lines; ++i) {
      blockers.push_back(
          submit(simple_query("select 0 from pg_sleep(" + std::to_string(seconds) + ")"), kRead));
    }
    return blockers;
  }
  std::vector<uint32_t> submit_reads(uint32_t count) {
    std::vector<uint32_t> reads;
    for (uint32_t i = 0; i < count; ++i) {
      reads.push_back(submit(extended_query("select " + std::to_string(i)), kRead));
    }
    return reads;
  }
  void check_answers(const std::vector<uint32_t>& reads) {
    for (std::size_t i = 0; i < reads.size(); ++i) {
      CHECK(wait(reads[i]).rows() == std::to_string(i));
    }
  }
};

}  // namespace

TEST_CASE("very short reads wait for few connections, though others are idle") {
  Pool pool;
  const uint64_t before = pool.claimed();
  const auto blockers = pool.block(0.5);
  const auto reads = pool.submit_reads(pool.size * kDepth);
  pool.wait_full();
  CHECK(pool.claimed() - before == uint64_t{pool.lines} * kDepth);
  CHECK(pool.share().line_limit == kDepth);
  CHECK(pool.share().gathered == uint64_t{pool.lines} * (kDepth - 1));
  for (const uint32_t task : blockers) CHECK(pool.wait(task).ended());
  pool.check_answers(reads);
}

TEST_CASE("what cannot stand in line finds an idle connection meanwhile") {
  Pool pool;
  const auto blockers = pool.block(0.5);
  const auto reads = pool.submit_reads(pool.lines * kDepth / 2);
  CHECK(pool.query("select 'exclusive'").rows() == "exclusive");
  for (const uint32_t task : blockers) CHECK(pool.received(task) == 0);
  for (const uint32_t task : blockers) CHECK(pool.wait(task).ended());
  pool.check_answers(reads);
}

TEST_CASE("reads that wait for long lines open no connection, but for one that is to be idle") {
  Pool pool(kDepth, 10'000'000, 5);
  for (uint32_t i = pool.lines; i < pool.size; ++i) {
    CHECK(pool.query("begin", {.client = 2 + i}).linked());
  }
  const auto blockers = pool.block(0.5);
  const auto reads = pool.submit_reads(2 * pool.lines * kDepth);
  pool.read_until([&] { return pool.share().idle == 1; });
  CHECK(pool.share().connections == pool.size + 1);
  for (const uint32_t task : blockers) CHECK(pool.received(task) == 0);
  for (const uint32_t task : blockers) CHECK(pool.wait(task).ended());
  pool.check_answers(reads);
}

TEST_CASE("where long lines stand still, idle connections take what waits") {
  Pool pool(kDepth, 20'000);
  const uint64_t before = pool.claimed();
  const auto blockers = pool.block(0.15);
  const auto reads = pool.submit_reads(pool.lines * kDepth + kOrdinaryLine);
  pool.read_until([&] { return pool.claimed() - before == blockers.size() + reads.size(); });
  for (const uint32_t task : blockers) CHECK(pool.received(task) == 0);
  for (const uint32_t task : blockers) CHECK(pool.wait(task).ended());
  pool.check_answers(reads);
}

TEST_CASE("they do so even if the master sees no reason to ring") {
  Pool pool(kDepth, 200'000);
  CHECK(pool.query("begin", {.client = 2}).linked());  // so that the worker does not nap, but sleep
  const auto blockers = pool.block(1.5);
  const auto reads = pool.submit_reads(pool.lines * kDepth - pool.lines);
  pool.wait_full(1);
  const int64_t begin = monotonic_us();
  const uint32_t last = pool.submit(simple_query("select 'last'"),
                                    {.traffic = TaskTraffic::kIndependentRead, .rung = false});
  CHECK(pool.wait(last).rows() == "last");
  CHECK(monotonic_us() - begin < 700'000);
  for (const uint32_t task : blockers) CHECK(pool.received(task) == 0);
  for (const uint32_t task : blockers) CHECK(pool.wait(task).ended());
  pool.check_answers(reads);
}

TEST_CASE("reads that take longer stand in shorter lines, on every connection") {
  Pool pool;
  const auto settled = [&] {  // lines are formed, but no long ones
    return pool.share().gathering > 0 && pool.share().line_limit == kOrdinaryLine;
  };
  for (int i = 0; !settled(); ++i) {
    REQUIRE(i < 100);
    const auto slow = pool.block(0.02);
    pool.check_answers(pool.submit_reads(100 * pool.lines));
    for (const uint32_t task : slow) CHECK(pool.wait(task).ended());
  }
  const uint64_t before = pool.claimed();
  const auto blockers = pool.block(0.5);
  const auto reads = pool.submit_reads(pool.size * kDepth);
  // Those of the blocked connections are full; the others go on.
  pool.read_until([&] { return pool.claimed() - before == blockers.size() + reads.size(); });
  for (const uint32_t task : blockers) CHECK(pool.received(task) == 0);
  for (const uint32_t task : blockers) CHECK(pool.wait(task).ended());
  pool.check_answers(reads);
}

TEST_CASE("lines are no longer than pipeline_depth says") {
  Pool pool(8);
  const auto blockers = pool.block(0.3);
  const auto reads = pool.submit_reads(pool.size * 8);
  pool.read_until([&] { return pool.share().active == pool.lines; });
  CHECK(pool.share().line_limit == 8);
  for (const uint32_t task : blockers) CHECK(pool.wait(task).ended());
  pool.check_answers(reads);
}

}  // namespace pgring::test
