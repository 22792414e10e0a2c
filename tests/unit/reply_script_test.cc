// Which reply completes which request.
#include "worker/reply_script.h"

#include <doctest/doctest.h>

#include <string_view>

namespace pgring {
namespace {

Verdict ask(StepKind kind, char type, bool hidden = false) {
  return judge(Step{kind, hidden, false, 0}, type);
}

}  // namespace

TEST_CASE("script: simple completions") {
  CHECK(ask(StepKind::kParse, '1') == Verdict::kShowDone);
  CHECK(ask(StepKind::kBind, '2') == Verdict::kShowDone);
  CHECK(ask(StepKind::kClose, '3') == Verdict::kShowDone);
  CHECK(ask(StepKind::kParse, '1', true) == Verdict::kHideDone);
  CHECK(ask(StepKind::kClose, '3', true) == Verdict::kHideDone);
}

TEST_CASE("script: Describe of a statement has two replies, of a portal one") {
  CHECK(ask(StepKind::kDescribeStatement, 't') == Verdict::kShow);
  CHECK(ask(StepKind::kDescribeStatement, 'T') == Verdict::kShowDone);
  CHECK(ask(StepKind::kDescribeStatement, 'n') == Verdict::kShowDone);
  CHECK(ask(StepKind::kDescribePortal, 'T') == Verdict::kShowDone);
  CHECK(ask(StepKind::kDescribePortal, 't') == Verdict::kViolation);
}

TEST_CASE("script: rows go on until the command is complete, suspended or empty") {
  for (const char type : std::string_view("DGHWdc")) {
    CHECK(ask(StepKind::kExecute, type) == Verdict::kShow);
    CHECK(ask(StepKind::kQuery, type) == Verdict::kShow);
  }
  for (const char type : std::string_view("CIs")) {
    CHECK(ask(StepKind::kExecute, type) == Verdict::kShowDone);
    CHECK(ask(StepKind::kQuery, type) == Verdict::kShow);
  }
  CHECK(ask(StepKind::kQuery, 'T') == Verdict::kShow);
  CHECK(ask(StepKind::kExecute, 'T') == Verdict::kViolation);
  CHECK(ask(StepKind::kFunctionCall, 'V') == Verdict::kShow);
}

TEST_CASE("script: a reply of another request is a violation") {
  CHECK(ask(StepKind::kParse, '2') == Verdict::kViolation);
  CHECK(ask(StepKind::kBind, '1') == Verdict::kViolation);
  CHECK(ask(StepKind::kMadeUpParse, 'C') == Verdict::kViolation);
  CHECK(ask(StepKind::kMadeUpParse, '1') == Verdict::kViolation);
  CHECK(ask(StepKind::kExecute, '1') == Verdict::kViolation);
}

TEST_CASE("ring buffer: keeps order while it grows and wraps") {
  RingBuffer<int> ring(4);
  int next_in = 0;
  int next_out = 0;
  for (int round = 0; round < 50; ++round) {
    for (int i = 0; i < 3; ++i) ring.push_back(next_in++);
    for (int i = 0; i < 2; ++i) {
      REQUIRE(ring.front() == next_out++);
      ring.pop_front();
    }
  }
  ring.push_front(-1);
  CHECK(ring.front() == -1);
  CHECK(ring[1] == next_out);
  CHECK(ring.back() == next_in - 1);
  CHECK(ring.size() == 51);
}

}  // namespace pgring
