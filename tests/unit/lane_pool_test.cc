// How recent statements decide on how many connections the next ones gather.
#include "worker/lane_pool.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "common/platform.h"
#include "tests/unit/worker_fixture.h"

namespace pgring {
namespace {

constexpr uint32_t kDepth = 64;

struct Pool : WorkerFixture {
  const uint32_t cores = std::max(2u, cpu_count());
  LanePool pool{context, 0};

  explicit Pool(uint32_t depth = kDepth, bool round_robin = false) {
    LaneConfig lane{};
    lane.pipeline_depth = depth;
    lane.round_robin = round_robin;
    configure(0, lane);
    REQUIRE(pool.refresh());
  }
  // So many statements are answered that were at the front for so long.
  void period(int64_t statements, int64_t at_front) {
    for (int64_t i = 0; i < statements; ++i) {
      pool.note_service(at_front, TaskTraffic::kIndependentRead, 100);
    }
    context.now += std::max(Gathering::kPeriod, LongLines::kPeriod);
    pool.refresh();
  }
};

TEST_CASE("lane pool: very short reads have long lines, one for each core") {
  Pool pool;
  pool.period(200, 20);
  CHECK(pool.pool.spread() == pool.cores);
  CHECK(pool.pool.line_limit() == kDepth);
}

TEST_CASE("lane pool: longer ones have ordinary lines, and one more") {
  Pool pool;
  pool.period(200, 150);
  CHECK(pool.pool.spread() == pool.cores + 1);
  CHECK(pool.pool.line_limit() == 32);
  pool.period(200, 20);
  CHECK(pool.pool.spread() == pool.cores);
}

TEST_CASE("lane pool: nobody stands behind long ones") {
  Pool pool;
  pool.period(200, 20'000);
  CHECK_FALSE(pool.pool.gathers());
  CHECK(pool.pool.line_limit() == 1);
  pool.period(200, 20);
  CHECK(pool.pool.gathers());
}

TEST_CASE("lane pool: what may only have been delayed is tried in lines again") {
  Pool pool;
  const int64_t many = Gathering::kPeriod * pool.cores / 500;  // short, by the throughput
  pool.period(many, 20'000);
  REQUIRE_FALSE(pool.pool.gathers());
  const int64_t begin = pool.context.now;
  while (!pool.pool.gathers()) {
    REQUIRE(pool.context.now - begin < 2'000'000);
    pool.period(many, 20'000);
  }
  CHECK(pool.context.now - begin >= 900'000);
  CHECK(pool.pool.line_limit() > 1);
}

TEST_CASE(
    "lane pool: without pipelining nobody gathers, with server_round_robin not in long lines") {
  Pool alone(1);
  alone.period(200, 20);
  CHECK_FALSE(alone.pool.gathers());
  CHECK(alone.pool.line_limit() == 1);
  Pool in_turn(kDepth, true);
  in_turn.period(200, 20);
  CHECK_FALSE(in_turn.pool.has_long_lines());
  CHECK(in_turn.pool.line_limit() == 32);
}

}  // namespace
}  // namespace pgring
