// The workers' life cycle: birth, death, and the growing delay before one that dies again and again
// is born anew.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "common/doorbell.h"
#include "common/platform.h"
#include "master/context.h"
#include "master/replies.h"
#include "master/reply_pipe.h"

namespace pgring {

class Supervisor {
 public:
  // `become_child` runs first in every forked child.
  Supervisor(Context& context, std::vector<Doorbell>& doorbells, Replies& replies,
             std::function<void(uint8_t)> become_child);

  // Brings the number of workers to `count`: starts new ones, retires the last ones.
  void set_count(uint32_t count);
  // Frames of a worker have come.
  void on_pipe(uint8_t worker);
  // SIGCHLD. True where `pid` was a worker's.
  bool on_exit(pid_t pid, int status);
  // Starts what is due; called a few times a second.
  void restart_due();
  // 1: leave when free of work, 2: leave now.
  void stop_all(uint32_t how);
  // Waits for all to be gone; kills those that are not within the time.
  void wait_all(int64_t timeout_us);
  // In a forked child: the master's ends of the pipes are closed.
  void abandon();
  uint64_t restarts() const { return restarts_; }
  uint32_t running() const;

 private:
  struct Process {
    pid_t pid = 0;
    std::unique_ptr<ReplyPipe> pipe;
    int64_t started_at = 0;
    int64_t start_at = 0;  // when to be started; 0: not to be
    int64_t delay = 0;
    bool wanted = false;
  };
  void start(uint8_t worker);
  void bury(uint8_t worker, int status);
  void plan_restart(uint8_t worker);

  Context& context_;
  std::vector<Doorbell>& doorbells_;
  Replies& replies_;
  std::function<void(uint8_t)> become_child_;
  Pipe alive_;
  std::vector<Process> processes_;  // by worker number
  bool stopping_ = false;
  uint64_t restarts_ = 0;
};

}  // namespace pgring
