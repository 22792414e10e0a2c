// What the tests of the pollers share: the backends to run over, and descriptors to poll.
#pragma once

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <string_view>
#include <vector>

#include "common/platform.h"
#include "common/poller_backends.h"

namespace pgring {

struct SystemBackend {
  static std::unique_ptr<Poller> make() { return make_system_poller(); }
};
struct PollBackend {
  static std::unique_ptr<Poller> make() { return make_poll_poller(); }
};

constexpr int kLongMs = 10'000;  // only ever used up by a failing test

struct SocketPair {
  Fd near;
  Fd far;
  SocketPair() {
    int ends[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    near.reset(ends[0]);
    far.reset(ends[1]);
    for (const int fd : ends) ::fcntl(fd, F_SETFL, O_NONBLOCK);
  }
};

inline void put(const Fd& fd, std::string_view bytes) {
  REQUIRE(::write(fd.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
}

inline void fill(const Fd& fd) {
  const std::array<char, 4096> bytes{};
  while (::write(fd.get(), bytes.data(), bytes.size()) > 0) {
  }
  while (::write(fd.get(), bytes.data(), 1) > 0) {
  }
}

inline void drain(const Fd& fd) {
  std::array<char, 4096> bytes;
  while (::read(fd.get(), bytes.data(), bytes.size()) > 0) {
  }
}

inline std::vector<PollEvent> wait_for(Poller& poller, int timeout_ms, std::size_t room = 16) {
  std::vector<PollEvent> events(room);
  events.resize(poller.wait(events, timeout_ms));
  return events;
}

inline PollEvent wait_for_one(Poller& poller) {
  const std::vector<PollEvent> events = wait_for(poller, kLongMs);
  REQUIRE(events.size() == 1);
  return events[0];
}

}  // namespace pgring
