// Which lanes a worker looks at in its loop.
#include "worker/lane_service.h"

#include <doctest/doctest.h>

#include <vector>

#include "common/task_ring.h"
#include "tests/unit/worker_fixture.h"

namespace pgring {
namespace {

constexpr uint32_t kLanes = 4;

// Each pool has all the connections it may have, in another worker.
struct Service : WorkerFixture {
  ConnectionTable connections{context};
  LaneService service{context, connections};

  Service() {
    for (uint32_t lane = 0; lane < kLanes; ++lane) {
      configure(lane);
      state.lanes[lane].shares[kOther].connections = 1;
    }
  }
  void configure(uint32_t lane, uint32_t min_pool_size = 0) {
    LaneConfig config{};
    config.pool_size = 1;
    config.min_pool_size = min_pool_size;
    WorkerFixture::configure(lane, config);
  }
  std::vector<uint32_t> serve(bool claiming = true) {
    service.serve(claiming);
    std::vector<uint32_t> awake;
    for (LanePool* pool : context.awake_lanes) awake.push_back(pool->number());
    return awake;
  }
  void publish_on(uint32_t lane) {
    publish(state.lanes[lane].ring, state.tasks, lane);
    announce(*state.header, lane);
  }
};

using Numbers = std::vector<uint32_t>;

TEST_CASE("lane service: lanes without work rest") {
  Service service;
  CHECK(service.service.has_news());
  CHECK(service.serve().empty());
  CHECK_FALSE(service.service.has_news());
}

TEST_CASE("lane service: one is looked at from when something is published until it is taken") {
  Service service;
  service.serve();
  service.publish_on(2);
  CHECK(service.service.has_news());
  CHECK(service.serve() == Numbers{2});
  CHECK(service.service.tasks_wait());
  CHECK_FALSE(service.service.has_news());
  CHECK(service.serve() == Numbers{2});
  REQUIRE(claim(service.state.lanes[2].ring, service.state.tasks, Service::kOther) == 2);
  CHECK(service.serve().empty());
  CHECK_FALSE(service.service.tasks_wait());
}

TEST_CASE("lane service: what is published on a lane that is awake is news as well") {
  Service service;
  service.publish_on(1);
  REQUIRE(service.serve() == Numbers{1});
  publish(service.state.lanes[1].ring, service.state.tasks, 0);
  CHECK(service.service.has_news());
  service.serve();
  CHECK_FALSE(service.service.has_news());
}

TEST_CASE("lane service: attention has each lane looked at, for its configuration") {
  Service service;
  service.serve();
  service.configure(3, 2);
  CHECK(service.serve().empty());
  service.context.all_lanes = true;
  CHECK(service.serve() == Numbers{3});
}

TEST_CASE("lane service: who may not claim keeps looking, and is not kept awake by it") {
  Service service;
  service.publish_on(0);
  CHECK(service.serve(false).size() == kLanes);
  CHECK_FALSE(service.service.has_news());
  CHECK(service.serve() == Numbers{0});
}

}  // namespace
}  // namespace pgring
