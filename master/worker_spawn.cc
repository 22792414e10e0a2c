// Forking a worker.
#include "master/worker_spawn.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <exception>
#include <system_error>

#include "common/log.h"
#include "master/signals.h"
#include "worker/worker.h"

namespace pgring {
namespace {

[[noreturn]] void run(WorkerSpawn spawn) {
  int status = 1;
  try {
    spawn.become_child();
    WorkerStart start{spawn.state, spawn.number, std::move(spawn.replies),
                      std::move(*const_cast<Doorbell*>(spawn.doorbell)),
                      Fd(fcntl(spawn.master_alive, F_DUPFD_CLOEXEC, 0))};
    status = run_worker(std::move(start));
  } catch (const std::exception& error) {
    log_error("worker {} ends: {}", spawn.number, error.what());
  }
  // Not exit(): buffers and handlers that were inherited are the master's.
  _exit(status);
}

}  // namespace

pid_t spawn_worker(WorkerSpawn spawn) {
  const pid_t pid = Signals::fork_child();
  if (pid < 0) throw std::system_error(errno, std::system_category(), "fork");
  if (pid == 0) run(std::move(spawn));
  return pid;
}

}  // namespace pgring
