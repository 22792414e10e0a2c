// The connections of a pool by what can be done with them.
#include "worker/roster.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <vector>

namespace pgring {
namespace {

struct Member {
  std::size_t roster_place = 0;
};
using Members = Roster<Member>;
using Group = Members::Group;

struct Filled {
  std::array<Member, 6> members;
  Members roster;
  Filled() {
    for (Member& member : members) roster.add(&member);
  }
  void move(std::size_t member, Group group) { roster.move(&members[member], group); }
  std::vector<std::size_t> numbers(std::span<Member* const> span) const {
    std::vector<std::size_t> found;
    for (const Member* member : span) found.push_back(std::size_t(member - members.data()));
    return found;
  }
  std::vector<std::size_t> sorted(std::span<Member* const> span) const {
    std::vector<std::size_t> found = numbers(span);
    std::ranges::sort(found);
    return found;
  }
};

using Numbers = std::vector<std::size_t>;

TEST_CASE("roster: a new member is neither in use nor idle") {
  Filled filled;
  CHECK(filled.sorted(filled.roster.neither()) == Numbers{0, 1, 2, 3, 4, 5});
  CHECK(filled.roster.in_use().empty());
  CHECK(filled.roster.idle().empty());
}

TEST_CASE("roster: after any move each member is in its group and in no other") {
  Filled filled;
  std::array<Group, 6> expected{};
  expected.fill(Group::kNeither);
  unsigned choice = 1;
  for (int i = 0; i < 5000; ++i) {
    choice = choice * 1103515245 + 12345;
    const std::size_t member = (choice >> 8) % 6;
    expected[member] = static_cast<Group>((choice >> 16) % 3);
    filled.move(member, expected[member]);
    Numbers in_use, idle, neither;
    for (std::size_t each = 0; each < 6; ++each) {
      (expected[each] == Group::kInUse  ? in_use
       : expected[each] == Group::kIdle ? idle
                                        : neither)
          .push_back(each);
    }
    REQUIRE(filled.sorted(filled.roster.in_use()) == in_use);
    REQUIRE(filled.sorted(filled.roster.idle()) == idle);
    REQUIRE(filled.sorted(filled.roster.neither()) == neither);
  }
}

TEST_CASE(
    "roster: what was used last is the first of the idle ones, what was opened last the last") {
  Filled filled;
  for (std::size_t member = 0; member < 6; ++member) filled.move(member, Group::kIdle);
  CHECK(filled.numbers(filled.roster.idle()).front() == 0);
  filled.move(0, Group::kInUse);
  filled.move(1, Group::kInUse);
  filled.move(0, Group::kIdle);
  CHECK(filled.numbers(filled.roster.idle()).front() == 0);
  CHECK(filled.numbers(filled.roster.idle()).back() == 5);
}

TEST_CASE("roster: a removed member leaves the others in their groups") {
  Filled filled;
  for (const std::size_t member : {1u, 3u}) filled.move(member, Group::kInUse);
  for (const std::size_t member : {2u, 4u}) filled.move(member, Group::kIdle);
  filled.roster.remove(&filled.members[1]);
  filled.roster.remove(&filled.members[4]);
  filled.roster.remove(&filled.members[0]);
  CHECK(filled.sorted(filled.roster.in_use()) == Numbers{3});
  CHECK(filled.sorted(filled.roster.idle()) == Numbers{2});
  CHECK(filled.sorted(filled.roster.neither()) == Numbers{5});
}

}  // namespace
}  // namespace pgring
