// Whether a process looks again for a moment before it sleeps. Falling asleep and being woken cost
// a few clients more than their queries; on a busy machine they are paid once for many, and looking
// again would take the processor from those who have work. So: only while there is little to be
// done at once, soon after one another, and nobody else wants the processor.
#pragma once

#include <sched.h>

#include <cstddef>
#include <cstdint>

#include "common/clock.h"

namespace pgring {

class Linger {
 public:
  // Microseconds. Longer than a short query takes, shorter than anybody would notice.
  static constexpr int64_t kLongest = 200;

  // `few`: up to so much at once, on average, is little.
  explicit Linger(double few) : few_(few) {}

  // A wait of `us` has ended, and there is so much at once to be done.
  void note(int64_t us, std::size_t at_once) {
    if (at_once == 0) return;
    wait_ += (static_cast<double>(us < kNever ? us : kNever) - wait_) / 8;
    at_once_ += (static_cast<double>(at_once) - at_once_) / 8;
  }
  // A part of a long result has passed: the next ones will come without anybody waiting for them,
  // and looking again would find them in small pieces.
  void on_stream(int64_t now) { not_before_ = now + kRest; }
  bool worthwhile(int64_t now) const {
    return wait_ < kLongest && at_once_ <= few_ && now >= not_before_;
  }

  // look() until it returns true, which is returned, or no more is worthwhile.
  template <typename Look>
  bool look_again(Look look) {
    const int64_t begin = monotonic_us();
    if (!worthwhile(begin)) return false;
    for (int64_t now = begin; now - begin < kLongest;) {
      if (look()) return true;
      ::sched_yield();
      const int64_t before = now;
      now = monotonic_us();
      if (now - before < kTakenAway) continue;
      not_before_ = now + kRest;
      return look();
    }
    return false;
  }

 private:
  static constexpr int64_t kNever = 10'000;
  // A look takes a microsecond: if it took so long, somebody else had the processor, for longer
  // than a backend needs for a short query.
  static constexpr int64_t kTakenAway = 300;
  static constexpr int64_t kRest = 5'000;

  double few_;
  double wait_ = kNever;  // moving averages
  double at_once_ = 1;
  int64_t not_before_ = 0;
};

}  // namespace pgring
