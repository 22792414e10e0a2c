// Whose doorbell the master rings for what it has published.
#include <doctest/doctest.h>
#include <poll.h>

#include "tests/unit/unit_reader_fixture.h"

namespace pgring {
namespace {

constexpr uint32_t kOne = 1, kOther = 2;

// Two workers, which have connections.
struct Wakes : UnitReaderFixture {
  Wakes() {
    for (uint32_t number = 0; number <= kOther; ++number) doorbells.push_back(Doorbell::create());
    for (const uint32_t worker : {kOne, kOther}) {
      state.workers[worker].pid = 1000;
      share(worker).connections = 1;
      set(worker, true, 8);
    }
  }

  LaneShare& share(uint32_t worker) { return state.lanes[client.pool->lane].shares[worker]; }
  void set(uint32_t worker, bool asleep, uint32_t room) {
    state.workers[worker].sleeping = asleep ? 1 : 0;
    share(worker).room = share(worker).short_room = room;
  }
  // The pool may have so many connections.
  void limit(uint32_t connections) {
    LaneConfig config = state.lanes[client.pool->lane].config;
    config.pool_size = connections;
    write_lane_config(state.lanes[client.pool->lane], config);
  }
  bool rung(uint32_t worker) {
    pollfd bell{.fd = doorbells[worker].fd(), .events = POLLIN, .revents = 0};
    const bool found = ::poll(&bell, 1, 0) == 1;
    doorbells[worker].clear();
    return found;
  }
  // The worker that is woken for a query; 0 for none.
  uint32_t wakes() {
    REQUIRE(feed(message('Q', {"select 1\0", 9})) == ReadVerdict::kContinue);
    dispatcher.wake_workers();
    const bool one = rung(kOne), other = rung(kOther);
    REQUIRE_FALSE((one && other));
    end_unit();
    return one ? kOne : other ? kOther : 0;
  }
};

TEST_CASE("doorbells: nobody is woken while a worker with room is awake") {
  Wakes wakes;
  wakes.set(kOther, false, 8);
  CHECK(wakes.wakes() == 0);
  CHECK(wakes.dispatcher.wakeups() == 0);
}

TEST_CASE("doorbells: of the sleepers the one with most room is woken, and no other") {
  Wakes wakes;
  wakes.set(kOther, true, 9);
  CHECK(wakes.wakes() == kOther);
  wakes.set(kOne, true, 10);
  CHECK(wakes.wakes() == kOne);
  CHECK(wakes.dispatcher.wakeups() == 2);
}

TEST_CASE("doorbells: where the one that is awake has no room, a sleeper is woken") {
  Wakes wakes;
  wakes.set(kOne, false, 0);
  CHECK(wakes.wakes() == kOther);
}

TEST_CASE("doorbells: where nobody has room, who has the fewest connections may open another") {
  Wakes wakes;
  wakes.limit(10);
  wakes.set(kOne, true, 0);
  wakes.set(kOther, true, 0);
  wakes.share(kOne).connections = 3;
  wakes.share(kOther).connections = 2;
  CHECK(wakes.wakes() == kOther);
}

TEST_CASE("doorbells: where all the connections that there may be are busy nobody is woken") {
  Wakes wakes;
  wakes.limit(2);
  wakes.set(kOne, true, 0);
  wakes.set(kOther, true, 0);
  CHECK(wakes.wakes() == 0);
  wakes.set(kOther, true, 1);
  CHECK(wakes.wakes() == kOther);
}

TEST_CASE("doorbells: a worker that leaves or has died is not counted on") {
  Wakes wakes;
  wakes.set(kOne, false, 8);
  wakes.state.workers[kOne].stop = 1;
  CHECK(wakes.wakes() == kOther);
  wakes.state.workers[kOne].stop = 0;
  wakes.state.workers[kOne].pid = 0;
  CHECK(wakes.wakes() == kOther);
}

}  // namespace
}  // namespace pgring
