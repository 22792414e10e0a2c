// One suite for every poller backend: waiting, and many descriptors.
#include <doctest/doctest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <set>
#include <vector>

#include "tests/unit/poller_fixture.h"

namespace pgring {
namespace {

using Clock = std::chrono::steady_clock;

}  // namespace

TEST_CASE_TEMPLATE("a wait ends after its timeout", Backend, SystemBackend, PollBackend) {
  const auto poller = Backend::make();
  SocketPair pair;
  poller->add(pair.near.get(), 1, Interest::kRead);
  const Clock::time_point start = Clock::now();
  CHECK(wait_for(*poller, 30).empty());
  // Kernels round to their tick, so a little less is allowed for.
  CHECK(Clock::now() - start >= std::chrono::milliseconds(29));
}

TEST_CASE_TEMPLATE("a signal ends a wait with no events", Backend, SystemBackend, PollBackend) {
  const auto poller = Backend::make();
  SocketPair pair;
  poller->add(pair.near.get(), 1, Interest::kRead);
  struct sigaction catching {};
  struct sigaction before {};
  catching.sa_handler = [](int) {};
  REQUIRE(::sigaction(SIGALRM, &catching, &before) == 0);
  // Repeating, so that it does not matter whether the first one comes before the wait.
  itimerval every{.it_interval = {.tv_sec = 0, .tv_usec = 20'000},
                  .it_value = {.tv_sec = 0, .tv_usec = 20'000}};
  const Clock::time_point start = Clock::now();
  REQUIRE(::setitimer(ITIMER_REAL, &every, nullptr) == 0);
  CHECK(wait_for(*poller, kLongMs).empty());
  CHECK(Clock::now() - start < std::chrono::milliseconds(kLongMs));
  const itimerval off{};
  ::setitimer(ITIMER_REAL, &off, nullptr);
  ::sigaction(SIGALRM, &before, nullptr);
}

TEST_CASE_TEMPLATE("10,000 descriptors, of which a few are ready", Backend, SystemBackend,
                   PollBackend) {
  constexpr std::size_t kPipes = 5'000;
  rlimit limit{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
  if (limit.rlim_cur < 2 * kPipes + 100) {
    limit.rlim_cur = 2 * kPipes + 100;
    limit.rlim_max = std::max(limit.rlim_max, limit.rlim_cur);
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &limit) == 0);
  }
  const auto poller = Backend::make();
  std::vector<Pipe> pipes;
  for (std::size_t i = 0; i < kPipes; ++i) {
    pipes.push_back(make_pipe(PipeMode::kNonBlocking));
    poller->add(pipes[i].read.get(), i, Interest::kRead);
    poller->add(pipes[i].write.get(), kPipes + i, Interest::kNone);
  }
  CHECK(wait_for(*poller, 0).empty());
  for (const std::size_t i : {0U, 1'234U, 4'999U}) put(pipes[i].write, "x");
  std::set<uint64_t> ready;
  for (const PollEvent& event : wait_for(*poller, kLongMs)) ready.insert(event.token);
  CHECK(ready == std::set<uint64_t>{0, 1'234, 4'999});

  for (std::size_t i = 0; i < kPipes; i += 2) {
    poller->remove(pipes[i].read.get());
    poller->remove(pipes[i].write.get());
  }
  poller->modify(pipes[1'235].write.get(), 99'999, Interest::kWrite);
  ready.clear();
  for (const PollEvent& event : wait_for(*poller, kLongMs)) ready.insert(event.token);
  CHECK(ready == std::set<uint64_t>{4'999, 99'999});
}

TEST_CASE_TEMPLATE("busy descriptors do not starve the others", Backend, SystemBackend,
                   PollBackend) {
  const auto poller = Backend::make();
  std::array<SocketPair, 50> pairs;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    poller->add(pairs[i].near.get(), i, Interest::kRead);
    put(pairs[i].far, "never read");
  }
  std::set<uint64_t> seen;
  for (int round = 0; round < 10; ++round) {
    for (const PollEvent& event : wait_for(*poller, kLongMs, 7)) seen.insert(event.token);
  }
  CHECK(seen.size() == pairs.size());
}

}  // namespace pgring
