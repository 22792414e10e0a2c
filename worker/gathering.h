// How the statements of a lane share connections. Short ones gather on few; a long one is better
// off on a connection of its own: it gains nothing by standing behind another, and waits for it,
// even while others become free. But where many connections are busy each seems long because of the
// others, which share its processors; so where the throughput says that they may be short, few are
// tried.
#pragma once

#include <cstdint>

#include "common/trial.h"

namespace pgring {

// All times in microseconds, of a statement at the front of its connection.
class Gathering {
 public:
  // Up to so much, on average, is short.
  static constexpr double kShort = 1000;
  // Beyond so much a processor is better off with a further backend that has something to do, while
  // the answers of one are read. Very short ones would rather have its caches to themselves.
  static constexpr double kVeryShort = 100;
  // How long few connections are tried, and how soon it is noticed that they do not do.
  static constexpr int64_t kPeriod = 100'000;
  // So many tell enough.
  static constexpr int64_t kEnough = 50;

  void note(int64_t us) {
    const auto time = static_cast<double>(us);
    average_ += (time - average_) / 16;
    ++answered_;
    total_ += time;
  }
  // To be called often, with the number of processors for those that gather.
  void review(int64_t now, uint32_t processors);
  bool wanted() const { return trial_.running(); }
  // On so many connections.
  uint32_t lines() const { return lines_; }
  double average() const { return average_; }

 private:
  Trial trial_{true};
  double average_ = 0;  // moving
  uint32_t lines_ = 0;
  int64_t begin_ = 0;  // of the period
  int64_t answered_ = 0;
  double total_ = 0;
};

}  // namespace pgring
