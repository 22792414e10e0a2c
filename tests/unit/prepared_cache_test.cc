// The order of use, and agreement with a simple model under random operations.
#include "worker/prepared_cache.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <deque>
#include <random>

namespace pgring {

TEST_CASE("prepared cache: the least recently used goes first") {
  PreparedCache cache;
  for (const uint64_t serial : {1, 2, 3}) cache.insert(serial, true, true);
  CHECK(cache.oldest() == 1);
  cache.touch(1);
  CHECK(cache.oldest() == 2);
  cache.erase(2);
  CHECK(cache.oldest() == 3);
  cache.insert(9, false, true);
  CHECK(cache.oldest() == 9);
  CHECK(cache.size() == 3);
  cache.clear();
  CHECK(cache.oldest() == 0);
  CHECK_FALSE(cache.holds(1));
}

TEST_CASE("prepared cache: a Parse is confirmed by its answer") {
  PreparedCache cache;
  cache.insert(5, true, false);
  CHECK(cache.holds(5));
  CHECK_FALSE(cache.confirmed(5));
  cache.confirm(5);
  CHECK(cache.confirmed(5));
  CHECK_FALSE(cache.confirmed(6));
}

TEST_CASE("prepared cache: agrees with a list under random use") {
  std::mt19937_64 random(3);
  PreparedCache cache;
  std::deque<uint64_t> model;  // most recently used first
  for (int i = 0; i < 50'000; ++i) {
    const uint64_t serial = 1 + random() % 400;
    const auto at = std::ranges::find(model, serial);
    REQUIRE(cache.holds(serial) == (at != model.end()));
    switch (random() % 3) {
      case 0:
        if (at == model.end()) {
          cache.insert(serial, true, true);
        } else {
          model.erase(at);
          cache.touch(serial);
        }
        model.push_front(serial);
        break;
      case 1:
        if (at != model.end()) model.erase(at);
        cache.erase(serial);
        break;
      default:
        if (at == model.end()) {
          cache.insert(serial, false, true);
          model.push_back(serial);
        }
        break;
    }
    REQUIRE(cache.size() == model.size());
    REQUIRE(cache.oldest() == (model.empty() ? 0 : model.back()));
  }
}

}  // namespace pgring
