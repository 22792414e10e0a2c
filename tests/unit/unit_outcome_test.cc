// What becomes of a unit when its connection dies: the table of the design, row by row.
#include "worker/unit_outcome.h"

#include <doctest/doctest.h>

namespace pgring {
namespace {

Unit task(TaskTraffic traffic, uint64_t forwarded = 0) {
  Unit unit;
  unit.traffic = traffic;
  unit.forwarded = forwarded;
  return unit;
}

constexpr Loss kSent{.linked = false,
                     .reached_socket = true,
                     .server_fatal = false,
                     .repeatable = true,
                     .behind = false};

Loss with(bool Loss::*member, bool value) {
  Loss loss = kSent;
  loss.*member = value;
  return loss;
}

}  // namespace

TEST_CASE("outcome: reads run again, writes are uncertain") {
  CHECK(outcome_of(task(TaskTraffic::kIndependentRead), kSent) == Outcome::kRetry);
  CHECK(outcome_of(task(TaskTraffic::kIndependentWrite), kSent) == Outcome::kUnknown);
  CHECK(outcome_of(task(TaskTraffic::kExclusive), kSent) == Outcome::kUnknown);
}

TEST_CASE("outcome: what never reached the socket has not run") {
  const Loss unsent = with(&Loss::reached_socket, false);
  CHECK(outcome_of(task(TaskTraffic::kIndependentWrite), unsent) == Outcome::kRetry);
  CHECK(outcome_of(task(TaskTraffic::kExclusive), unsent) == Outcome::kRetry);
}

TEST_CASE("outcome: nothing runs again once a byte was forwarded or its payload is gone") {
  CHECK(outcome_of(task(TaskTraffic::kIndependentRead, 1), kSent) == Outcome::kLost);
  CHECK(outcome_of(task(TaskTraffic::kIndependentRead), with(&Loss::repeatable, false)) ==
        Outcome::kUnknown);
}

TEST_CASE("outcome: a linked client goes with its connection") {
  CHECK(outcome_of(task(TaskTraffic::kIndependentRead), with(&Loss::linked, true)) ==
        Outcome::kLost);
}

TEST_CASE("outcome: a client that has said good-bye is closed") {
  Unit unit = task(TaskTraffic::kExclusive);
  unit.terminates = true;
  CHECK(outcome_of(unit, kSent) == Outcome::kLost);
}

TEST_CASE("outcome: the server's own farewell is the better explanation") {
  const Loss fatal = with(&Loss::server_fatal, true);
  CHECK(outcome_of(task(TaskTraffic::kExclusive), fatal) == Outcome::kLost);
  CHECK(outcome_of(task(TaskTraffic::kIndependentRead), fatal) == Outcome::kRetry);
}

TEST_CASE("outcome: nobody waits for the worker's own queries") {
  Unit reset;
  reset.purpose = UnitPurpose::kReset;
  CHECK(outcome_of(reset, kSent) == Outcome::kNone);
}

}  // namespace pgring
