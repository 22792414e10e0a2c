// When a process looks again before it sleeps.
#include "common/linger.h"

#include <doctest/doctest.h>

namespace pgring {
namespace {

constexpr int64_t kLater = 1'000'000'000;  // no rest is pending at that time

Linger after(int waits, int64_t us, std::size_t at_once) {
  Linger linger(1.5);
  for (int i = 0; i < waits; ++i) linger.note(us, at_once);
  return linger;
}

TEST_CASE("linger: a process that has waited for nothing yet sleeps at once") {
  CHECK_FALSE(Linger(1.5).worthwhile(kLater));
}

TEST_CASE("linger: a lone client's short queries are waited for") {
  CHECK(after(60, 50, 1).worthwhile(kLater));
}

TEST_CASE("linger: a client that thinks longer than a wake-up costs is not") {
  CHECK_FALSE(after(60, 5'000, 1).worthwhile(kLater));
}

TEST_CASE("linger: with many at once the processor is left to those who have work") {
  CHECK_FALSE(after(60, 50, 4).worthwhile(kLater));
}

TEST_CASE("linger: the next part of a long result is not waited for, but what comes later is") {
  Linger linger = after(60, 50, 1);
  linger.on_stream(kLater);
  CHECK_FALSE(linger.worthwhile(kLater + 1'000));
  CHECK(linger.worthwhile(kLater + 10'000));
}

TEST_CASE("linger: waits that end without anything teach nothing") {
  Linger linger = after(60, 50, 1);
  for (int i = 0; i < 60; ++i) linger.note(1'000'000, 0);
  CHECK(linger.worthwhile(kLater));
}

TEST_CASE("linger: it looks until there is something, and not at all where it is of no use") {
  int looks = 0;
  const auto third_time = [&] { return ++looks == 3; };
  Linger eager = after(60, 50, 1);
  // Another process may take the processor away in between; then it looks once more and gives up.
  const bool found = eager.look_again(third_time);
  CHECK(looks >= 1);
  CHECK(looks <= 3);
  CHECK(found == (looks == 3));
  looks = 0;
  Linger idle(1.5);
  CHECK_FALSE(idle.look_again(third_time));
  CHECK(looks == 0);
}

TEST_CASE("linger: it gives up after its longest time") {
  Linger eager = after(60, 50, 1);
  const int64_t begin = monotonic_us();
  CHECK_FALSE(eager.look_again([] { return false; }));
  CHECK(monotonic_us() - begin < 1'000'000);
}

}  // namespace
}  // namespace pgring
