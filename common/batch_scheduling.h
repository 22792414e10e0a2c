// Whether a process lets the one that runs finish its turn when it is woken itself (Linux:
// SCHED_BATCH). Where pgring's own clients and databases keep the processors busy their turns are
// short, or much has gathered for them, and is done at once, for fewer switches. Where somebody
// computes for longer (a report, a backup), each statement would wait for his whole turn several
// times. So: only while turns come soon or are worth it, by the system's own count of how long this
// process has waited; where it does not count, never.
#pragma once

#include <cstdint>

#include "common/platform.h"
#include "common/trial.h"

namespace pgring {

// The decision, from counts. All times in microseconds.
class BatchDecision {
 public:
  // How often the counts are worth a look, and how many turns tell enough.
  static constexpr int64_t kPeriod = 50'000;
  static constexpr uint64_t kTurns = 16;
  // A turn that is waited for longer, on average, comes late,
  static constexpr int64_t kSoon = 200;
  // and too late if that is more for each thing that is done in it.
  static constexpr int64_t kWorthIt = 30;

  // `so_far`, `done`: since the process began. Whether its scheduling should be batch from now on.
  bool review(int64_t now, const ProcessorWaits& so_far, uint64_t done);

 private:
  Trial trial_{false};
  ProcessorWaits last_{};
  uint64_t last_done_ = 0;
};

class BatchScheduling {
 public:
  // To be called often, with the monotonic time in microseconds and how many queries (or whatever
  // takes about as long) the process has handled since it began; costs some 10 us 20 times a
  // second.
  void review(int64_t now, uint64_t done);
  // Whether turns were waited for too long when that was last tried: somebody else wants the
  // processors.
  bool crowded() const { return counted_ && !batch_; }

 private:
  BatchDecision decision_;
  int64_t next_ = 0;
  bool counted_ = false;
  bool batch_ = false;
};

}  // namespace pgring
