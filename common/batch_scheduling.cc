// When a process lets others finish first.
#include "common/batch_scheduling.h"

#include <algorithm>

namespace pgring {

bool BatchDecision::review(int64_t now, const ProcessorWaits& so_far, uint64_t done) {
  if (!trial_.running()) {
    if (!trial_.due(now)) return false;
    trial_.begin(now);
    last_ = so_far;
    last_done_ = done;
    return true;
  }
  const uint64_t turns = so_far.turns - last_.turns;
  if (turns < kTurns) return true;
  const int64_t waited = so_far.us - last_.us;
  const int64_t tolerable = std::max(kSoon * static_cast<int64_t>(turns),
                                     kWorthIt * static_cast<int64_t>(done - last_done_));
  last_ = so_far;
  last_done_ = done;
  if (waited > tolerable) trial_.give_up(now);
  return trial_.running();
}

void BatchScheduling::review(int64_t now, uint64_t done) {
  if (now < next_) return;
  next_ = now + BatchDecision::kPeriod;
  ProcessorWaits waits{};
  counted_ = processor_waits(waits);
  const bool batch = counted_ && decision_.review(now, waits, done);
  if (batch != batch_) set_batch_scheduling(batch);
  batch_ = batch;
}

}  // namespace pgring
