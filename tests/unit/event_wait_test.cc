// The master looks again before it sleeps exactly while the trial says that it pays.
#include "master/event_wait.h"

#include <doctest/doctest.h>

#include <array>

#include "common/clock.h"
#include "common/settings_load.h"
#include "tests/unit/shared_fixture.h"

namespace pgring {
namespace {

// Something has always happened by the time somebody waits for it.
struct BusyPoller : Poller {
  int looks = 0, sleeps = 0;
  std::size_t events = 1;  // at once
  void add(int, uint64_t, Interest) override {}
  void modify(int, uint64_t, Interest) override {}
  void remove(int) override {}
  std::size_t wait(std::span<PollEvent>, int timeout_ms) override {
    ++(timeout_ms == 0 ? looks : sleeps);
    return events;
  }
  const char* name() const override { return "busy"; }
};

struct Waiting : SharedFixture {
  BusyPoller* poller = new BusyPoller;
  Context context{state, default_settings(), std::unique_ptr<Poller>(poller), 48};
  EventWait event_wait{context};
  uint64_t answered = 1;
  bool crowded = false;

  bool told() const { return state.header->lingering.load() != 0; }
  // Whether it has looked, and not slept.
  bool looks() {
    std::array<PollEvent, 8> events{};
    const int before = poller->looks;
    REQUIRE(event_wait.wait(events, 1000, ++answered, crowded) == poller->events);
    return poller->looks > before;
  }
  // Waits until the workers have been told the other thing so many times.
  template <typename Check>
  void through_turns(int changes, Check check) {
    const int64_t deadline = monotonic_us() + 10'000'000;
    for (bool before = told(); changes > 0; before = told()) {
      REQUIRE(monotonic_us() < deadline);
      check(looks());
      if (told() != before) --changes;
    }
  }
};

TEST_CASE("event wait: the master looks again only while the workers may") {
  Waiting waiting;
  int looks_with = 0, sleeps_without = 0;
  waiting.through_turns(10, [&](bool looked) {
    if (!waiting.told()) REQUIRE_FALSE(looked);
    ++(looked ? looks_with : sleeps_without);
  });
  CHECK(looks_with > 0);
  CHECK(sleeps_without > 0);
}

TEST_CASE("event wait: on a crowded machine nobody looks again") {
  Waiting waiting;
  waiting.crowded = true;
  waiting.through_turns(4, [&](bool looked) { REQUIRE_FALSE(looked); });
}

TEST_CASE("event wait: where many come at once nobody looks again") {
  Waiting waiting;
  waiting.poller->events = 6;
  waiting.through_turns(4, [&](bool looked) { REQUIRE_FALSE(looked); });
}

TEST_CASE("event wait: while a long result passes nobody looks again") {
  Waiting waiting;
  waiting.through_turns(4, [&](bool looked) {
    REQUIRE_FALSE(looked);
    waiting.context.streamed = true;
  });
}

}  // namespace
}  // namespace pgring
