// Whether the reads of a lane gather in long lines on few connections. Backends that share the
// processors slow each other down, and each has its own memory to keep in their caches: few that
// never run dry answer more very short reads than many. A read that waits (for a disk, a lock) is
// better off among many. The time at the front of the line tells them apart only while the lines
// are few: so they are tried, and kept while that time stays very short.
#pragma once

#include <cstdint>

#include "common/trial.h"

namespace pgring {

// All times in microseconds.
class LongLines {
 public:
  // Looked at so often, if that many reads have been answered since.
  static constexpr int64_t kPeriod = 100'000;
  static constexpr int64_t kEnough = 100;
  // A read that has been at the front no longer, on average, is very short.
  static constexpr int64_t kVeryShort = 50;

  // A read was at the front of its line for so long.
  void note(int64_t at_front) {
    ++reads_;
    total_ += at_front;
  }
  // To be called often; `lines`: on so many connections the reads would gather.
  void review(int64_t now, uint32_t lines);
  bool wanted() const { return trial_.running(); }

 private:
  Trial trial_{true};
  int64_t reads_ = 0;  // since begin_
  int64_t total_ = 0;
  int64_t begin_ = 0;
};

}  // namespace pgring
