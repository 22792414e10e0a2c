// Looking ahead without losing anything or its order.
#include "common/prefetch.h"

#include <doctest/doctest.h>

#include <vector>

namespace pgring {
namespace {

TEST_CASE("prefetching: each is used once, in order, after its steps") {
  for (std::size_t steps = 0; steps <= 3; ++steps) {
    for (std::size_t count : {0, 1, 2, 3, 7, 100}) {
      CAPTURE(steps);
      CAPTURE(count);
      std::vector<std::size_t> fetched(count, 0);
      std::size_t used = 0;
      prefetching(
          count, steps,
          [&](std::size_t i, std::size_t step) {
            REQUIRE(i < count);
            CHECK(fetched[i]++ == step);
          },
          [&](std::size_t i) {
            CHECK(i == used++);
            CHECK(fetched[i] == steps);
          });
      CHECK(used == count);
    }
  }
}

TEST_CASE("prefetching: others are used between one's steps, where there are enough") {
  std::vector<std::size_t> used_before(3, 0);
  std::size_t used = 0;
  prefetching(
      20, 3,
      [&](std::size_t i, std::size_t step) {
        if (i == 15) used_before[step] = used;
      },
      [&](std::size_t) { ++used; });
  CHECK(used_before == std::vector<std::size_t>{9, 11, 13});
}

TEST_CASE("prefetch: an address without memory does no harm") {
  prefetch(nullptr, 1000);
  prefetch_to_write(nullptr, 1000);
}

}  // namespace
}  // namespace pgring
