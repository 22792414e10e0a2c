// The wake-up between processes: rings are seen, counted as one, and never block.
#include "common/doorbell.h"

#include <doctest/doctest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

namespace pgring {
namespace {

bool rung(const Doorbell& bell, int timeout_ms = 0) {
  pollfd entry{.fd = bell.fd(), .events = POLLIN, .revents = 0};
  return ::poll(&entry, 1, timeout_ms) == 1;
}

}  // namespace

TEST_CASE("a ring is seen until it is cleared") {
  const Doorbell bell = Doorbell::create();
  CHECK_FALSE(rung(bell));
  bell.ring();
  bell.ring();
  CHECK(rung(bell));
  CHECK(rung(bell));
  bell.clear();
  CHECK_FALSE(rung(bell));
  bell.clear();
  bell.ring();
  CHECK(rung(bell));
}

TEST_CASE("ringing never blocks and leaves errno alone") {
  const Doorbell bell = Doorbell::create();
  errno = ENOTTY;
  for (int i = 0; i < 100'000; ++i) bell.ring();  // more than a pipe holds
  CHECK(errno == ENOTTY);
  CHECK(rung(bell));
  bell.clear();
  CHECK_FALSE(rung(bell));
}

TEST_CASE("a ring passes a fork in both directions") {
  const Doorbell to_child = Doorbell::create();
  const Doorbell to_parent = Doorbell::create();
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const bool heard = rung(to_child, 10'000);
    if (heard) to_parent.ring();
    ::_exit(heard ? 0 : 1);
  }
  to_child.ring();
  CHECK(rung(to_parent, 10'000));
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
}

}  // namespace pgring
