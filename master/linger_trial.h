// Whether looking again before sleep (common/linger.h) pays at present, for the master and all
// workers together: it saves a few clients the wake-ups, and takes the processor from whoever else
// would use it. Which of the two weighs more depends on the machine and the work, so it is
// measured: for a moment it is done and left by turns, and kept only if clearly more units are
// answered while it is done. Clients that come at their own pace get no more answers by it, and
// then it is not worth the processor's time.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pgring {

class LingerTrial {
 public:
  // Microseconds. A trial has kTurns turns, every other one with lingering.
  static constexpr int64_t kTurn = 10'000;
  static constexpr std::size_t kTurns = 20;
  // From one trial to the next: while lingering has not paid, and while it has.
  static constexpr int64_t kPauseWithout = 1'000'000;
  static constexpr int64_t kPauseWith = 4'000'000;
  // Where nothing was answered it is looked so often whether something is.
  static constexpr int64_t kFirst = 100'000;
  // It pays if the rate of answers is higher by this share,
  static constexpr double kShare = 0.05;
  // the difference so many times what chance would make of it,
  static constexpr double kSure = 3;
  // and not due to a few turns: in so many pairs of them it was higher.
  static constexpr std::size_t kMostPairs = 8;

  // To be called in every loop; `answered`: units since the process began. Whether to linger until
  // the next call.
  bool review(int64_t now, uint64_t answered);

 private:
  struct Side {
    double us = 0;
    double answered = 0;
    double rate() const { return us > 0 ? answered / us : 0; }
    void add(const Side& turn) {
      us += turn.us;
      answered += turn.answered;
    }
  };

  void end_turn(const Side& turn);
  bool pays() const;

  bool lingering_ = false;
  std::size_t turn_ = kTurns;  // kTurns: no trial is going on
  int64_t next_ = 0;           // when the turn or the pause ends
  int64_t then_ = 0;           // when it began, and what had been answered
  uint64_t answered_then_ = 0;
  Side without_, with_, last_without_;
  std::size_t pairs_won_ = 0;
};

}  // namespace pgring
