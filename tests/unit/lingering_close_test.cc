// A refused client that still sends is read until it closes, but not for ever.
#include "master/lingering_close.h"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "master/context.h"

namespace pgring {
namespace {

struct Lingering {
  // The far end of a connection that lingers since `now`.
  Fd connect(int64_t now) {
    int fds[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) == 0);
    Fd near(fds[0]);
    REQUIRE(::write(near.get(), "error", 5) == 5);
    lingering.add(std::move(near), now);
    return Fd(fds[1]);
  }
  std::size_t serve() {
    std::vector<PollEvent> events(8);
    const std::size_t count = poller->wait(events, 0);
    for (std::size_t i = 0; i < count; ++i) {
      CHECK(token_kind(events[i].token) == TokenKind::kLingering);
      lingering.on_event(static_cast<int>(token_number(events[i].token)));
    }
    return count;
  }
  std::unique_ptr<Poller> poller = Poller::create();
  LingeringClose lingering{*poller};
};

bool is_closed(const Fd& far) { return ::send(far.get(), "x", 1, MSG_NOSIGNAL) < 0; }

TEST_CASE("lingering close: the client reads its error and the end while it may still send") {
  Lingering here;
  const Fd far = here.connect(0);
  const std::string more(100'000, 'x');
  CHECK(::write(far.get(), more.data(), more.size()) > 0);
  char text[16];
  CHECK(::read(far.get(), text, sizeof text) == 5);
  CHECK(::read(far.get(), text, sizeof text) == 0);
  while (here.serve() > 0) {
  }
  CHECK(::write(far.get(), more.data(), more.size()) > 0);
}

TEST_CASE("lingering close: it ends with the client's own end") {
  Lingering here;
  const Fd far = here.connect(0);
  REQUIRE(::shutdown(far.get(), SHUT_WR) == 0);
  CHECK(here.serve() == 1);
  CHECK(here.serve() == 0);
}

TEST_CASE("lingering close: a client that never ends is closed after a while") {
  Lingering here;
  const Fd far = here.connect(1'000'000);
  here.lingering.tick(5'000'000);
  CHECK_FALSE(is_closed(far));
  here.lingering.tick(6'000'001);
  CHECK(is_closed(far));
}

TEST_CASE("lingering close: beyond a number of them a client is closed at once") {
  Lingering here;
  std::vector<Fd> many;
  for (int i = 0; i < 64; ++i) many.push_back(here.connect(0));
  for (const Fd& far : many) CHECK_FALSE(is_closed(far));
  CHECK(is_closed(here.connect(0)));
}

}  // namespace
}  // namespace pgring
