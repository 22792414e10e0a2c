// Something that pays only at times, and shows whether it does only while it is done. So it is
// tried, given up once it does not pay, and tried again: the later the more often it was in vain.
#pragma once

#include <algorithm>
#include <cstdint>

namespace pgring {

// All times in microseconds, of one clock that does not begin before 1.
class Trial {
 public:
  static constexpr int64_t kShortestPause = 1'000'000;
  static constexpr int64_t kLongestPause = 64'000'000;
  // What went well so long makes the next pause the shortest again.
  static constexpr int64_t kWell = 10'000'000;

  explicit Trial(bool running) : running_(running) {}

  bool running() const { return running_; }
  // It is given up, and has been for long enough.
  bool due(int64_t now) const {
    return !running_ && (changed_at_ == 0 || now - changed_at_ >= pause_);
  }
  void begin(int64_t now) {
    running_ = true;
    changed_at_ = now;
  }
  void give_up(int64_t now) {
    pause_ = now - changed_at_ > kWell ? kShortestPause : std::min(pause_ * 2, kLongestPause);
    running_ = false;
    changed_at_ = now;
  }

 private:
  bool running_;
  int64_t changed_at_ = 0;  // 0: never
  int64_t pause_ = kShortestPause / 2;
};

}  // namespace pgring
