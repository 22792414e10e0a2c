// When reads are very short.
#include "worker/long_lines.h"

#include <algorithm>

namespace pgring {

void LongLines::review(int64_t now, uint32_t lines) {
  const int64_t elapsed = now - begin_;
  if (elapsed < kPeriod) return;
  const int64_t reads = reads_;
  const int64_t total = total_;
  begin_ = now;
  reads_ = total_ = 0;
  if (reads < kEnough) return;
  if (wanted_) {
    if (total <= reads * kVeryShort) return;
    pause_ = now - changed_at_ > kWell ? kShortestPause : std::min(pause_ * 2, kLongestPause);
  } else {
    // Lines that are kept answer a read in kVeryShort each. Where many connections together do a
    // good deal less, few will not do that.
    const bool promising = reads * kVeryShort * 3 > elapsed * lines * 2;
    if (!promising || now - changed_at_ < pause_) return;
  }
  wanted_ = !wanted_;
  changed_at_ = now;
}

}  // namespace pgring
