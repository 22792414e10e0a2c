// When statements are short.
#include "worker/gathering.h"

#include <algorithm>
#include <utility>

namespace pgring {

void Gathering::review(int64_t now, uint32_t processors) {
  lines_ = std::clamp(lines_, processors, processors + 1);
  const int64_t elapsed = now - begin_;
  if (elapsed < kPeriod) return;
  const int64_t answered = std::exchange(answered_, 0);
  const double total = std::exchange(total_, 0);
  begin_ = now;
  if (answered >= kEnough) {
    const bool very_short = total < kVeryShort * static_cast<double>(answered);
    lines_ = very_short ? processors : processors + 1;
  }
  if (average_ < kShort) {
    if (!trial_.running()) trial_.begin(now);
    return;
  }
  if (trial_.running()) return trial_.give_up(now);
  const bool promising =
      static_cast<double>(answered) * kShort > static_cast<double>(elapsed) * processors;
  if (promising && trial_.due(now)) trial_.begin(now);
}

}  // namespace pgring
