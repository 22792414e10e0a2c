// The replies that are still to come on a connection for units with directives: which of them the
// client must not see, and where a reply must be made up because nothing was sent for it.
#pragma once

#include <cstdint>

#include "common/task.h"
#include "worker/ring_buffer.h"

namespace pgring {

enum class StepKind : uint8_t {
  kParse,
  kBind,
  kClose,
  kDescribeStatement,
  kDescribePortal,
  kExecute,
  kQuery,
  kFunctionCall,
  kMadeUpParse,  // nothing was sent: a ParseComplete is made up
  kMadeUpClose,
  kAsked,  // ... nothing is shown, but the master told: see Directive::kAsk
};

// Whose unnamed statement a session has: a client and the master's serial of its Parse.
struct UnnamedOwner {
  uint32_t client = kNoClient;
  uint64_t serial = 0;
  bool operator==(const UnnamedOwner&) const = default;
};

struct Step {
  StepKind kind = StepKind::kParse;
  bool hidden = false;
  bool counts = false;  // stands for a kPrepare, kForget or kOwnUnnamed
  // kParse, kClose, kMadeUpParse: of the dictionary statement, or 0. kAsked: its number.
  uint64_t serial = 0;
  bool flushed = false;          // a Flush is behind it: if made up, it is due when at the front
  bool own_unnamed = false;      // the Parse of a kOwnUnnamed
  bool changes_unnamed = false;  // the session's unnamed statement, which was that of
  UnnamedOwner unnamed_before{};
};

enum class Verdict : uint8_t {
  kShow,      // the message belongs to the front step, which goes on
  kShowDone,  // ... and completes it
  kHide,
  kHideDone,
  kViolation,  // it cannot come here
};

constexpr bool is_made_up(StepKind kind) {
  return kind == StepKind::kMadeUpParse || kind == StepKind::kMadeUpClose ||
         kind == StepKind::kAsked;
}

// ReadyForQuery follows it without a Sync, even where it fails.
constexpr bool ends_in_ready(StepKind kind) {
  return kind == StepKind::kQuery || kind == StepKind::kFunctionCall;
}

// What a message of type `type` means for the step at the front. Not to be asked about Z, E, S, N
// and A, which may come at any point.
Verdict judge(const Step& step, char type);

using ReplyScript = RingBuffer<Step>;

}  // namespace pgring
