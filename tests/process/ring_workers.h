// Processes that consume a ring as workers do, and the master's side of their deaths: frames of the
// dead are read to the end, then what bears the dead one's number is put back or reported.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <random>
#include <vector>

#include "common/doorbell.h"
#include "common/shared_region.h"
#include "common/shared_state.h"
#include "master/reply_pipe.h"

namespace pgring {

// What became of one publication. Each is answered, withdrawn or reported, exactly once.
struct Fate {
  std::atomic<uint32_t> runs;  // by workers: how often it was run
  uint32_t answered = 0;       // the rest is the master's
  uint32_t withdrawn = 0;
  uint32_t reported = 0;  // it had been sent: nobody knows
  uint32_t again = 0;     // put back, since it had not been sent
};

class RingWorkers {
 public:
  static constexpr uint32_t kTasks = 64;
  RingWorkers(uint32_t workers, uint32_t publications);
  ~RingWorkers();

  bool publish_one();    // false: every task is in use
  void withdraw_some();  // each with some chance
  void kill_one();       // SIGKILL wherever it may be; another one takes its place
  void read_frames();
  uint32_t published() const { return published_; }
  uint32_t open() const { return open_; }
  const Fate& fate(uint32_t number) const { return fates_[number]; }

 private:
  struct Process {
    pid_t pid = 0;
    std::unique_ptr<ReplyPipe> pipe;
  };
  class Frames : public FrameSink {  // of one worker
   public:
    Frames(RingWorkers& owner, uint8_t worker) : owner_(owner), worker_(worker) {}
    void on_frame(const FrameHeader& header, std::string_view) override {
      owner_.on_frame(worker_, header);
    }

   private:
    RingWorkers& owner_;
    uint8_t worker_;
  };
  void start(uint8_t worker);
  [[noreturn]] void consume(uint8_t worker, Fd replies);
  void sleep(uint8_t worker);
  void wake();
  void on_frame(uint8_t worker, const FrameHeader& header);
  void reclaim(uint8_t dead);
  void close_task(uint32_t task);

  SharedRegion region_, fates_region_;
  SharedState state_;
  Fate* fates_;
  std::vector<Doorbell> doorbells_;
  std::vector<Process> processes_;
  std::vector<uint32_t> free_;
  std::mt19937 random_{20240229};
  uint32_t published_ = 0;
  uint32_t open_ = 0;
};

}  // namespace pgring
