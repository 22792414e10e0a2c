// When reads are very short.
#include "worker/long_lines.h"

namespace pgring {

void LongLines::review(int64_t now, uint32_t lines) {
  const int64_t elapsed = now - begin_;
  if (elapsed < kPeriod) return;
  const int64_t reads = reads_;
  const int64_t total = total_;
  begin_ = now;
  reads_ = total_ = 0;
  if (reads < kEnough) return;
  if (trial_.running()) {
    if (total > reads * kVeryShort) trial_.give_up(now);
    return;
  }
  // Lines that are kept answer a read in kVeryShort each. Where many connections together do a good
  // deal less, few will not do that.
  const bool promising = reads * kVeryShort * 3 > elapsed * lines * 2;
  if (promising && trial_.due(now)) trial_.begin(now);
}

}  // namespace pgring
