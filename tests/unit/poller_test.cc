// One suite for every poller backend: what poller.h promises must hold for each of them.
#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "tests/unit/poller_fixture.h"

namespace pgring {

TEST_CASE_TEMPLATE("a poller reports what is readable, with its token", Backend, SystemBackend,
                   PollBackend) {
  const auto poller = Backend::make();
  SocketPair pair;
  poller->add(pair.near.get(), 0xfedcba9876543210U, Interest::kRead);
  CHECK(wait_for(*poller, 0).empty());
  put(pair.far, "x");
  const PollEvent event = wait_for_one(*poller);
  CHECK(event.token == 0xfedcba9876543210U);
  CHECK(event.readable);
  CHECK_FALSE(event.writable);
  CHECK_FALSE(event.hangup);
}

TEST_CASE_TEMPLATE("a poller reports again what is still ready", Backend, SystemBackend,
                   PollBackend) {
  const auto poller = Backend::make();
  SocketPair pair;
  poller->add(pair.near.get(), 7, Interest::kRead);
  put(pair.far, "two");
  for (int round = 0; round < 5; ++round) CHECK(wait_for_one(*poller).readable);
  char byte = 0;
  REQUIRE(::read(pair.near.get(), &byte, 1) == 1);
  CHECK(wait_for_one(*poller).readable);
  drain(pair.near);
  CHECK(wait_for(*poller, 0).empty());
  put(pair.far, "again");
  CHECK(wait_for_one(*poller).token == 7);
}

TEST_CASE_TEMPLATE("a poller reports room for writing", Backend, SystemBackend, PollBackend) {
  const auto poller = Backend::make();
  SocketPair pair;
  poller->add(pair.near.get(), 1, Interest::kWrite);
  CHECK(wait_for_one(*poller).writable);
  fill(pair.near);
  CHECK(wait_for(*poller, 0).empty());
  drain(pair.far);
  const PollEvent event = wait_for_one(*poller);
  CHECK(event.writable);
  CHECK_FALSE(event.readable);
}

TEST_CASE_TEMPLATE("a poller reports both directions in one event", Backend, SystemBackend,
                   PollBackend) {
  const auto poller = Backend::make();
  SocketPair pair;
  put(pair.far, "x");
  poller->add(pair.near.get(), 1, Interest::kReadWrite);
  const PollEvent event = wait_for_one(*poller);
  CHECK(event.readable);
  CHECK(event.writable);
}

TEST_CASE_TEMPLATE("a poller reports each arrival, with that interest", Backend, SystemBackend,
                   PollBackend) {
  const auto poller = Backend::make();
  SocketPair pair;
  put(pair.far, "x");
  poller->add(pair.near.get(), 7, Interest::kArrivals);
  for (int round = 0; round < 3; ++round) {
    const PollEvent event = wait_for_one(*poller);
    CHECK(event.token == 7);
    CHECK(event.readable);
    CHECK_FALSE(event.writable);
    CHECK_FALSE(event.hangup);
    CHECK_FALSE(event.end);
    drain(pair.near);
    CHECK(wait_for(*poller, 0).empty());
    put(pair.far, "more");
  }
}

TEST_CASE_TEMPLATE("an arrival that was left is reported again on request", Backend, SystemBackend,
                   PollBackend) {
  const auto poller = Backend::make();
  SocketPair pair;
  poller->add(pair.near.get(), 7, Interest::kArrivals);
  put(pair.far, "two");
  for (int round = 0; round < 3; ++round) {
    CHECK(wait_for_one(*poller).readable);
    poller->modify(pair.near.get(), 7, Interest::kArrivals);
  }
  poller->modify(pair.near.get(), 7, Interest::kNone);
  CHECK(wait_for(*poller, 0).empty());
  poller->modify(pair.near.get(), 7, Interest::kArrivals);
  CHECK(wait_for_one(*poller).readable);
}

// Whoever asks again when he is told to misses neither the bytes nor the end behind them.
TEST_CASE_TEMPLATE("the end behind an arrival is not missed", Backend, SystemBackend, PollBackend) {
  for (const bool hangup : {false, true}) {
    const auto poller = Backend::make();
    SocketPair pair;
    poller->add(pair.near.get(), 7, Interest::kArrivals);
    put(pair.far, "last");
    if (hangup) pair.far.reset();
    if (!hangup) REQUIRE(::shutdown(pair.far.get(), SHUT_WR) == 0);
    std::array<char, 16> bytes;
    PollEvent event = wait_for_one(*poller);
    CHECK(event.readable);
    CHECK(event.hangup == hangup);
    CHECK(::read(pair.near.get(), bytes.data(), bytes.size()) == 4);
    if (event.end) poller->modify(pair.near.get(), 7, Interest::kArrivals);
    event = wait_for_one(*poller);
    CHECK(event.readable);
    CHECK(::read(pair.near.get(), bytes.data(), bytes.size()) == 0);
  }
}

TEST_CASE_TEMPLATE("the end of a stream is readable", Backend, SystemBackend, PollBackend) {
  const auto poller = Backend::make();
  SocketPair pair;
  poller->add(pair.near.get(), 1, Interest::kRead);
  REQUIRE(::shutdown(pair.far.get(), SHUT_WR) == 0);
  const PollEvent event = wait_for_one(*poller);
  CHECK(event.readable);
  CHECK_FALSE(event.hangup);
}

TEST_CASE_TEMPLATE("a hangup is reported whatever the interest", Backend, SystemBackend,
                   PollBackend) {
  const auto poller = Backend::make();
  for (const Interest interest : {Interest::kNone, Interest::kRead, Interest::kWrite}) {
    SocketPair pair;
    poller->add(pair.near.get(), 5, interest);
    if (interest != Interest::kWrite) CHECK(wait_for(*poller, 0).empty());
    pair.far.reset();
    for (int round = 0; round < 2; ++round) {
      const PollEvent event = wait_for_one(*poller);
      CHECK(event.token == 5);
      CHECK(event.hangup);
      CHECK(event.readable);
    }
    poller->remove(pair.near.get());
  }
}

TEST_CASE_TEMPLATE("a pipe whose other end is gone hangs up", Backend, SystemBackend, PollBackend) {
  const auto poller = Backend::make();
  Pipe without_writer = make_pipe(PipeMode::kNonBlocking);
  Pipe without_reader = make_pipe(PipeMode::kNonBlocking);
  poller->add(without_writer.read.get(), 1, Interest::kRead);
  poller->add(without_reader.write.get(), 2, Interest::kNone);
  CHECK(wait_for(*poller, 0).empty());
  without_writer.write.reset();
  CHECK(wait_for_one(*poller).token == 1);
  poller->remove(without_writer.read.get());
  without_reader.read.reset();
  const PollEvent event = wait_for_one(*poller);
  CHECK(event.token == 2);
  CHECK(event.hangup);
}

TEST_CASE_TEMPLATE("modify changes interest and token", Backend, SystemBackend, PollBackend) {
  const auto poller = Backend::make();
  SocketPair pair;
  put(pair.far, "x");
  poller->add(pair.near.get(), 1, Interest::kRead);
  CHECK(wait_for_one(*poller).token == 1);

  poller->modify(pair.near.get(), 1, Interest::kNone);
  CHECK(wait_for(*poller, 0).empty());

  poller->modify(pair.near.get(), 2, Interest::kWrite);
  PollEvent event = wait_for_one(*poller);
  CHECK(event.token == 2);
  CHECK(event.writable);
  CHECK_FALSE(event.readable);

  poller->modify(pair.near.get(), 3, Interest::kRead);
  poller->modify(pair.near.get(), 4, Interest::kReadWrite);
  poller->modify(pair.near.get(), 5, Interest::kRead);
  event = wait_for_one(*poller);
  CHECK(event.token == 5);
  CHECK(event.readable);
  CHECK_FALSE(event.writable);

  poller->modify(pair.near.get(), 6, Interest::kRead);
  CHECK(wait_for_one(*poller).token == 6);
}

TEST_CASE_TEMPLATE("interest taken back before the wait is not reported", Backend, SystemBackend,
                   PollBackend) {
  const auto poller = Backend::make();
  SocketPair pair;
  poller->add(pair.near.get(), 1, Interest::kReadWrite);
  put(pair.far, "x");
  poller->modify(pair.near.get(), 1, Interest::kNone);
  CHECK(wait_for(*poller, 0).empty());
  poller->modify(pair.near.get(), 1, Interest::kRead);
  CHECK(wait_for_one(*poller).readable);
}

TEST_CASE_TEMPLATE("removal while events are worked off", Backend, SystemBackend, PollBackend) {
  const auto poller = Backend::make();
  std::array<SocketPair, 8> pairs;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    poller->add(pairs[i].near.get(), i, Interest::kRead);
    put(pairs[i].far, "x");
  }
  const std::vector<PollEvent> events = wait_for(*poller, kLongMs);
  REQUIRE(events.size() == pairs.size());
  for (const PollEvent& event : events) {
    if (event.token % 2 != 0) continue;
    poller->remove(pairs[event.token].near.get());
    pairs[event.token].near.reset();
  }
  std::set<uint64_t> left;
  for (const PollEvent& event : wait_for(*poller, kLongMs)) left.insert(event.token);
  CHECK(left == std::set<uint64_t>{1, 3, 5, 7});
}

TEST_CASE_TEMPLATE("a descriptor number used again is a new one", Backend, SystemBackend,
                   PollBackend) {
  const auto poller = Backend::make();
  SocketPair pair;
  poller->add(pair.near.get(), 1, Interest::kRead);
  put(pair.far, "x");
  CHECK(wait_for_one(*poller).token == 1);

  const int number = pair.near.get();
  poller->remove(number);
  SocketPair other;
  REQUIRE(::dup2(other.near.get(), number) == number);
  poller->add(number, 2, Interest::kRead);
  CHECK(wait_for(*poller, 0).empty());
  put(other.far, "x");
  CHECK(wait_for_one(*poller).token == 2);

  poller->remove(number);
  CHECK(wait_for(*poller, 0).empty());
  poller->add(number, 3, Interest::kRead);
  CHECK(wait_for_one(*poller).token == 3);
}

TEST_CASE_TEMPLATE("misuse of a poller is told", Backend, SystemBackend, PollBackend) {
  const auto poller = Backend::make();
  SocketPair pair;
  CHECK_THROWS_AS(poller->add(-1, 1, Interest::kRead), std::system_error);
  CHECK_THROWS_AS(poller->modify(pair.near.get(), 1, Interest::kRead), std::system_error);
  poller->add(pair.near.get(), 1, Interest::kRead);
  CHECK_THROWS_AS(poller->add(pair.near.get(), 1, Interest::kRead), std::system_error);
  poller->remove(pair.near.get());
  CHECK_NOTHROW(poller->remove(pair.near.get()));
  CHECK_NOTHROW(poller->remove(1'000'000));
  CHECK_NOTHROW(poller->remove(-1));
}

TEST_CASE("POLLER=poll chooses poll(2) on every system") {
  const char* before = std::getenv("POLLER");
  const std::string saved = before != nullptr ? before : "";
  ::setenv("POLLER", "poll", 1);
  CHECK(std::string_view(Poller::create()->name()) == "poll");
  ::unsetenv("POLLER");
  CHECK(std::string_view(Poller::create()->name()) == make_system_poller()->name());
  if (before != nullptr) ::setenv("POLLER", saved.c_str(), 1);
}

}  // namespace pgring
