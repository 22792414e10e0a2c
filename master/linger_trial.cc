// Turns without and with, and the verdict.
#include "master/linger_trial.h"

#include <cmath>

namespace pgring {

bool LingerTrial::review(int64_t now, uint64_t answered) {
  if (now < next_) return lingering_;
  const auto done = static_cast<double>(answered - answered_then_);
  const auto us = static_cast<double>(now - then_);
  answered_then_ = answered;
  then_ = now;
  if (turn_ == kTurns) {
    if (done > 0) {
      turn_ = 0;
      pairs_won_ = 0;
      without_ = with_ = {};
    }
  } else {
    end_turn({us, done});
    if (++turn_ == kTurns) lingering_ = pays();
  }
  if (turn_ < kTurns) {
    lingering_ = turn_ % 2 == 1;
    next_ = now + kTurn;
  } else if (done == 0) {  // nobody to do it for
    lingering_ = false;
    next_ = now + kFirst;
  } else {
    next_ = now + (lingering_ ? kPauseWith : kPauseWithout);
  }
  return lingering_;
}

void LingerTrial::end_turn(const Side& turn) {
  if (turn_ % 2 == 0) {
    last_without_ = turn;
    without_.add(turn);
  } else {
    with_.add(turn);
    if (turn.rate() > last_without_.rate()) ++pairs_won_;
  }
}

// By chance two counts differ by about the square root of their sum.
bool LingerTrial::pays() const {
  const double expected = without_.rate() * with_.us;
  const double gain = with_.answered - expected;
  return pairs_won_ >= kMostPairs && gain >= kShare * expected &&
         gain > kSure * std::sqrt(with_.answered + expected);
}

}  // namespace pgring
