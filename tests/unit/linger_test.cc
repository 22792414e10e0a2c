// When a process looks again before it sleeps.
#include "common/linger.h"

#include <doctest/doctest.h>

namespace pgring {
namespace {

constexpr int64_t kLater = 1'000'000'000;  // no rest is pending at that time
constexpr double kFew = 8;

Linger after(int waits, int64_t us, std::size_t at_once) {
  Linger linger(kFew);
  for (int i = 0; i < waits; ++i) linger.note(us, at_once);
  return linger;
}

TEST_CASE("linger: a process that has waited for nothing yet sleeps at once") {
  CHECK_FALSE(Linger(kFew).worthwhile(kLater));
}

TEST_CASE("linger: a few clients' short queries are waited for") {
  CHECK(after(60, 50, 1).worthwhile(kLater));
  CHECK(after(60, 50, 8).worthwhile(kLater));
}

TEST_CASE("linger: a client that thinks longer than a wake-up costs is not") {
  CHECK_FALSE(after(60, 5'000, 1).worthwhile(kLater));
}

TEST_CASE("linger: with many at once the processor is left to those who have work") {
  CHECK_FALSE(after(60, 50, 64).worthwhile(kLater));
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
  Linger idle(kFew);
  CHECK_FALSE(idle.look_again(third_time));
  CHECK(looks == 0);
}

// Whether it would look again after somebody else has had the processor for so long meanwhile.
bool goes_on_after(int64_t us) {
  Linger eager = after(60, 50, 1);
  int looks = 0;
  eager.look_again([&] {
    if (++looks > 1) return true;
    for (const int64_t begin = monotonic_us(); monotonic_us() - begin < us;) {
    }
    return false;
  });
  return eager.worthwhile(monotonic_us());
}

TEST_CASE(
    "linger: it goes on where a backend answers meanwhile, and rests where somebody computes") {
  CHECK_FALSE(goes_on_after(400));
  bool once = false;  // the test may be interrupted for longer
  for (int i = 0; i < 1000 && !once; ++i) once = goes_on_after(100);
  CHECK(once);
}

TEST_CASE("linger: it gives up after its longest time") {
  Linger eager = after(60, 50, 1);
  const int64_t begin = monotonic_us();
  CHECK_FALSE(eager.look_again([] { return false; }));
  CHECK(monotonic_us() - begin < 1'000'000);
}

}  // namespace
}  // namespace pgring
