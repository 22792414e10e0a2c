// Keeps the logger process running: starts it, starts it again when it dies, replaces it when the
// settings for logs change, and lets it finish at the end. The ring is made before the first fork.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <optional>

#include "common/doorbell.h"
#include "common/log.h"
#include "common/log_ring.h"
#include "common/platform.h"
#include "common/shared_region.h"
#include "master/logger_config.h"

namespace pgring {

class LoggerKeeper {
 public:
  // `become_child` runs first in the forked process and closes what is the master's.
  LoggerKeeper(LogConfig config, std::function<void()> become_child);

  void start();
  // From here on this process's records go to the logger.
  void attach(LogProcess process);
  // The log settings may have changed: a new logger carries them out, else files are reopened.
  void reload(const LogConfig& config);
  // SIGCHLD. True where `pid` was the logger's.
  bool on_exit(pid_t pid, int status);
  // Called a few times a second: starts what is due.
  void tick();
  // Lets the logger write down what it has, waits for it, and goes back to stderr.
  void finish();
  // In a forked child.
  void abandon() { alive_.write.reset(); }

  uint64_t dropped() const { return ring_.dropped(); }
  // 0 between two of them.
  pid_t pid() const { return pid_; }
  // How often one died, and not to make room for the next.
  uint64_t restarts() const { return restarts_; }

 private:
  static unsigned slot_of(LogProcess process);

  LogConfig config_;
  std::function<void()> become_child_;
  SharedRegion region_;
  LogRing ring_;
  Doorbell bell_;
  Pipe alive_;
  pid_t pid_ = 0;
  int64_t start_at_ = 0;  // 0: runs, or is not wanted
  int64_t replaced_at_ = 0;
  uint64_t restarts_ = 0;
  bool finishing_ = false;
};

}  // namespace pgring
