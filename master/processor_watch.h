// Whether the processors have anything to spare, for the workers' choice of connections: whoever
// else runs on this machine, PostgreSQL perhaps, counts.
#pragma once

#include <cstdint>

#include "common/platform.h"
#include "common/shared_state.h"

namespace pgring {

class ProcessorWatch {
 public:
  explicit ProcessorWatch(SharedHeader& header) : header_(header) {}

  // Sets SharedHeader::processors_busy, every half second. `now`: monotonic microseconds.
  void tick(int64_t now);

 private:
  SharedHeader& header_;
  ProcessorTime last_{};
  int64_t next_ = 0;
};

// Of the time between two readings less than a twentieth was idle.
bool were_busy(const ProcessorTime& before, const ProcessorTime& after);

}  // namespace pgring
