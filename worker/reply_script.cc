// Which reply completes which request. Source: PostgreSQL manual, "Message Flow".
#include "worker/reply_script.h"

namespace pgring {
namespace {

enum class Fit : uint8_t { kNo, kPart, kDone };

Fit during_execution(char type) {
  switch (type) {
    case 'D':
    case 'G':
    case 'H':
    case 'W':
    case 'd':
    case 'c':
      return Fit::kPart;
    case 'C':
    case 'I':
    case 's':
      return Fit::kDone;
    default:
      return Fit::kNo;
  }
}

Fit fit(StepKind kind, char type) {
  switch (kind) {
    case StepKind::kParse:
      return type == '1' ? Fit::kDone : Fit::kNo;
    case StepKind::kBind:
      return type == '2' ? Fit::kDone : Fit::kNo;
    case StepKind::kClose:
      return type == '3' ? Fit::kDone : Fit::kNo;
    case StepKind::kDescribeStatement:
      if (type == 't') return Fit::kPart;
      return type == 'T' || type == 'n' ? Fit::kDone : Fit::kNo;
    case StepKind::kDescribePortal:
      return type == 'T' || type == 'n' ? Fit::kDone : Fit::kNo;
    case StepKind::kExecute:
      return during_execution(type);
    case StepKind::kQuery:
      return type == 'T' || during_execution(type) != Fit::kNo ? Fit::kPart : Fit::kNo;
    case StepKind::kFunctionCall:
      return type == 'V' ? Fit::kPart : Fit::kNo;
    case StepKind::kMadeUpParse:
    case StepKind::kMadeUpClose:
    case StepKind::kAsked:
      return Fit::kNo;
  }
  return Fit::kNo;
}

}  // namespace

Verdict judge(const Step& step, char type) {
  switch (fit(step.kind, type)) {
    case Fit::kNo:
      return Verdict::kViolation;
    case Fit::kPart:
      return step.hidden ? Verdict::kHide : Verdict::kShow;
    case Fit::kDone:
      return step.hidden ? Verdict::kHideDone : Verdict::kShowDone;
  }
  return Verdict::kViolation;
}

}  // namespace pgring
