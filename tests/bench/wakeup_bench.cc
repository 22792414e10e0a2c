// How long it takes to wake another process: by a doorbell its poller sleeps on, and by a word in
// shared memory it spins on. Round trips of two processes, each half of which is one wake-up.
#include <array>
#include <atomic>

#include "common/doorbell.h"
#include "common/poller.h"
#include "common/shared_region.h"
#include "tests/bench/micro.h"

namespace pgring::bench {
namespace {

constexpr int kRoundTrips = 5000;
constexpr int kRings = 1000000;
constexpr double kMicroseconds = 1e6;

// Sleeps until the bell rings.
class Sleeper {
 public:
  explicit Sleeper(const Doorbell& bell) : bell_(bell), poller_(Poller::create()) {
    poller_->add(bell.fd(), 0, Interest::kRead);
  }
  void sleep() {
    std::array<PollEvent, 1> events;
    while (poller_->wait(events, -1) == 0) continue;
    bell_.clear();
  }

 private:
  const Doorbell& bell_;
  std::unique_ptr<Poller> poller_;
};

void report_halves(const std::string& name, std::vector<double>& round_trips) {
  report(name + ", median", percentile(round_trips, 0.5) / 2 * kMicroseconds, "us");
  report(name + ", 99 %", percentile(round_trips, 0.99) / 2 * kMicroseconds, "us");
}

void measure_doorbell() {
  const Doorbell there = Doorbell::create();
  const Doorbell back = Doorbell::create();
  const pid_t child = fork_child([&] {
    Sleeper sleeper(there);
    for (int trip = 0; trip < kRoundTrips; ++trip) {
      sleeper.sleep();
      back.ring();
    }
  });
  Sleeper sleeper(back);
  std::vector<double> round_trips;
  for (int trip = 0; trip < kRoundTrips; ++trip) {
    const Clock::time_point start = Clock::now();
    there.ring();
    sleeper.sleep();
    round_trips.push_back(seconds_since(start));
  }
  wait_child(child);
  report_halves("doorbell to a sleeping process", round_trips);
}

void measure_spinning() {
  const SharedRegion region(sizeof(std::atomic<int>));
  auto& word = *reinterpret_cast<std::atomic<int>*>(region.data());
  // Even: the parent's turn; odd: the child's.
  const auto await = [&word](int value) {
    Backoff backoff;
    while (word.load(std::memory_order_acquire) != value) backoff.wait();
  };
  const pid_t child = fork_child([&] {
    for (int trip = 0; trip < kRoundTrips; ++trip) {
      await(2 * trip + 1);
      word.store(2 * trip + 2, std::memory_order_release);
    }
  });
  std::vector<double> round_trips;
  for (int trip = 0; trip < kRoundTrips; ++trip) {
    const Clock::time_point start = Clock::now();
    word.store(2 * trip + 1, std::memory_order_release);
    await(2 * trip + 2);
    round_trips.push_back(seconds_since(start));
  }
  wait_child(child);
  report_halves("shared word to a spinning process", round_trips);
}

void measure_unheard_rings() {
  const Doorbell bell = Doorbell::create();
  const Clock::time_point start = Clock::now();
  for (int rings = 0; rings < kRings; ++rings) bell.ring();
  report("doorbell nobody sleeps on", seconds_since(start) / kRings * kMicroseconds, "us");
}

}  // namespace
}  // namespace pgring::bench

int main() {
  pgring::bench::measure_doorbell();
  pgring::bench::measure_spinning();
  pgring::bench::measure_unheard_rings();
}
