// A worker process: claims tasks, owns database connections, relays replies.
#pragma once

#include <cstdint>

#include "common/doorbell.h"
#include "common/fd.h"
#include "common/shared_state.h"

namespace pgring {

struct WorkerStart {
  SharedState state;
  uint8_t number;     // 1..kMaxWorkers: this worker's slot and the name it claims with
  Fd replies;         // write end of its reply pipe, non-blocking
  Doorbell doorbell;  // rung by the master when `sleeping` is set
  Fd master_alive;    // read end of a pipe that the master holds open: end of file means it is gone
};

// Runs until the slot's `stop` is set or the master is gone. Returns the exit status.
int run_worker(WorkerStart start);

}  // namespace pgring
