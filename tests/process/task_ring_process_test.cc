// The ring under SIGKILL: consumers die anywhere, hundreds of times, and every task is accounted
// for.
#include <doctest/doctest.h>

#include <random>
#include <thread>

#include "common/clock.h"
#include "tests/process/ring_workers.h"

namespace pgring {
namespace {

constexpr uint32_t kKills = 300;
constexpr uint32_t kMostPublications = 400'000;
constexpr int64_t kLongestWait = 20'000'000;  // microseconds without any progress

// Answers are taken until at most `most` tasks are open.
bool settle(RingWorkers& workers, uint32_t most) {
  int64_t deadline = monotonic_us() + kLongestWait;
  for (uint32_t before = workers.open(); workers.open() > most;) {
    workers.read_frames();
    if (workers.open() != before) deadline = monotonic_us() + kLongestWait;
    before = workers.open();
    if (monotonic_us() > deadline) return false;
  }
  return true;
}

TEST_CASE("ring: workers killed anywhere lose no task, run none twice and leave none stuck") {
  RingWorkers workers(3, kMostPublications);
  std::mt19937 random(4711);
  for (uint32_t kills = 0; kills < kKills; ++kills) {
    const uint32_t until = workers.published() + 20 + static_cast<uint32_t>(random() % 300);
    while (workers.published() < until && workers.published() < kMostPublications) {
      workers.read_frames();
      if (random() % 64 == 0) workers.withdraw_some();
      if (!workers.publish_one()) REQUIRE(settle(workers, RingWorkers::kTasks - 1));
    }
    while (workers.open() < RingWorkers::kTasks && workers.publish_one()) {
    }
    std::this_thread::yield();
    workers.kill_one();
  }
  REQUIRE_MESSAGE(settle(workers, 0), workers.open(), " tasks are stuck");

  uint64_t answered = 0, withdrawn = 0, reported = 0, again = 0;
  for (uint32_t number = 0; number < workers.published(); ++number) {
    const Fate& fate = workers.fate(number);
    REQUIRE(fate.answered + fate.withdrawn + fate.reported == 1);
    REQUIRE(fate.runs <= 1);
    if (fate.answered == 1) REQUIRE(fate.runs == 1);
    if (fate.withdrawn == 1) REQUIRE(fate.runs == 0);
    answered += fate.answered;
    withdrawn += fate.withdrawn;
    reported += fate.reported;
    again += fate.again;
  }
  CHECK(answered > 0);
  CHECK(withdrawn > 0);
  CHECK(reported > 0);  // the kills did hit where it matters
  MESSAGE(workers.published(), " published: ", answered, " answered, ", withdrawn, " withdrawn, ",
          reported, " reported after ", kKills, " kills, ", again, " put back");
}

}  // namespace
}  // namespace pgring
