// The one place where the master forks workers, and so the one file that knows both sides.
#pragma once

#include <sys/types.h>

#include <functional>

#include "common/doorbell.h"
#include "common/fd.h"
#include "common/shared_state.h"

namespace pgring {

struct WorkerSpawn {
  SharedState state;
  uint8_t number;
  Fd replies;                          // write end of the reply pipe
  const Doorbell* doorbell;            // stays the master's; the child waits for its own copy
  int master_alive;                    // read end of the liveness pipe
  std::function<void()> become_child;  // closes in the child what belongs to the master
};

// The worker's pid. Throws std::system_error where the system refuses to fork.
pid_t spawn_worker(WorkerSpawn spawn);

}  // namespace pgring
