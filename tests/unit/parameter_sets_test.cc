// Startup parameters: values without regard to a name's case, and sets that clients share.
#include "master/parameter_sets.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tests/unit/shared_fixture.h"

namespace pgring {
namespace {

ParameterValues values(std::initializer_list<std::pair<const char*, const char*>> pairs) {
  ParameterValues result;
  for (const auto& [name, value] : pairs) result.set(name, value);
  return result;
}

TEST_CASE("parameter values: names compare without regard to case, the last value counts") {
  const ParameterValues all = values({{"TimeZone", "UTC"}, {"timezone", "GMT"}, {"a", ""}});
  REQUIRE(all.find("TIMEZONE") != nullptr);
  CHECK(*all.find("TIMEZONE") == "GMT");
  CHECK(*all.find("A") == "");
  CHECK(all.find("b") == nullptr);
  CHECK(all.all().size() == 2);
}

TEST_CASE("parameter values: the order of setting does not matter") {
  CHECK(values({{"b", "2"}, {"A", "1"}, {"c", "3"}}).encode() ==
        values({{"c", "3"}, {"b", "2"}, {"A", "1"}}).encode());
}

TEST_CASE("parameter values: what is encoded is decoded") {
  const ParameterValues all = values({{"empty", ""}, {"DateStyle", "ISO, MDY"}, {"x", "\xff'\\"}});
  const ParameterValues again = ParameterValues::decode(all.encode());
  CHECK(again.all() == all.all());
  CHECK(ParameterValues::decode("").all().empty());
}

TEST_CASE("parameter sets: equal values are one set") {
  const SharedFixture shared;
  ParameterSets sets(shared.state);
  const uint32_t first = sets.acquire(values({{"a", "1"}}));
  CHECK(sets.acquire(values({{"a", "1"}})) == first);
  const uint32_t other = sets.acquire(values({{"a", "2"}}));
  CHECK(other != first);
  CHECK(sets.serial(other) != sets.serial(first));
  CHECK(*sets.values(first).find("a") == "1");
}

TEST_CASE("parameter sets: a set lives as long as someone refers to it; its serial never returns") {
  const SharedFixture shared;
  ParameterSets sets(shared.state);
  const uint32_t set = sets.acquire(values({{"a", "1"}}));
  const uint64_t serial = sets.serial(set);
  sets.add_reference(set);
  sets.drop_reference(set);
  CHECK(sets.acquire(values({{"a", "1"}})) == set);
  CHECK(sets.serial(set) == serial);
  sets.drop_reference(set);
  sets.drop_reference(set);
  CHECK(sets.serial(sets.acquire(values({{"a", "1"}}))) > serial);
}

TEST_CASE("parameter sets: too long, and too many") {
  const SharedFixture shared;
  ParameterSets sets(shared.state);
  const std::string longest(kParameterSetBytes - 3, 'x');
  CHECK(sets.acquire(values({{"a", longest.c_str()}})) != kNoParameterSet);
  CHECK(sets.acquire(values({{"a", (longest + "x").c_str()}})) == kNoParameterSet);
  std::vector<uint32_t> held;
  for (uint32_t i = 1; i < kMaxParameterSets; ++i) {
    held.push_back(sets.acquire(values({{"n", std::to_string(i).c_str()}})));
    REQUIRE(held.back() != kNoParameterSet);
  }
  CHECK(sets.acquire(values({{"one", "more"}})) == kNoParameterSet);
  CHECK(sets.acquire(values({{"n", "5"}})) == held[4]);
  sets.drop_reference(held[9]);
  CHECK(sets.acquire(values({{"one", "more"}})) == held[9]);
}

}  // namespace
}  // namespace pgring
