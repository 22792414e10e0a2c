// Keeps the status process running where metrics_listen asks for one: binds its address, starts it,
// starts it again with a growing delay when it dies, replaces it when the address changes.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "common/platform.h"
#include "common/settings.h"
#include "master/listener.h"

namespace pgring {

// The listening socket for a value of metrics_listen that has been checked. Throws
// std::runtime_error that names the address.
Listeners listen_for_metrics(const std::string& metrics_listen);

class StatusKeeper {
 public:
  // What the forked process does: `liveness` ends when it is to leave. Returns the exit code.
  using Run = std::function<int(Listeners listeners, int liveness)>;

  // `listeners` are those bound for `metrics_listen`; both empty: no status process is wanted.
  StatusKeeper(std::string metrics_listen, std::optional<Listeners> listeners, Run run)
      : run_(std::move(run)),
        address_(std::move(metrics_listen)),
        listeners_(std::move(listeners)) {}

  void start();
  // Moves to another address. On failure everything stays as it was, and the reason is returned.
  std::optional<std::string> move_to(const std::string& metrics_listen);
  // SIGCHLD. True where `pid` was the status process's.
  bool on_exit(pid_t pid, int status);
  // Called a few times a second: starts what is due.
  void tick();
  // Ends the process and waits for it.
  void finish();
  // In a forked child: what is the master's is closed.
  void abandon();

  uint64_t restarts() const { return restarts_; }

 private:
  void spawn();
  [[noreturn]] void become_process(Pipe alive) noexcept;
  void plan_restart();
  void ask_to_leave();
  void end_now();
  Listeners bind_beside_own(const std::string& metrics_listen);
  void return_to(const std::string& metrics_listen);

  Run run_;
  std::string address_;  // as in the settings
  std::optional<Listeners> listeners_;
  Fd alive_;  // write end; closing it ends the process
  pid_t pid_ = 0;
  int64_t started_at_ = 0;
  int64_t start_at_ = 0;  // 0: runs, or is not wanted
  int64_t delay_ = 0;
  int64_t asked_at_ = 0;  // to leave; 0: not
  uint64_t restarts_ = 0;
};

}  // namespace pgring
