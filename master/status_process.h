// The status process: /metrics, /healthz, /readyz and a page for people, from counters that it
// can read and cannot change.
//
// It holds nothing that anyone waits for: killed at any moment it is started again, and the
// master, which keeps the listening sockets, lets its clients wait in the backlog meanwhile. It
// leaves when the liveness pipe ends: the master has died, or wants another one in its place.
// Signals from a terminal or a service manager mean the master and are ignored.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "common/fd.h"
#include "common/shared_region.h"
#include "common/shared_state.h"

namespace pgring {

struct StatusStart {
  SharedRegion& region;  // that of `state`; becomes read-only
  SharedState state;
  std::vector<Fd> listeners;
  int liveness;  // the read end of a pipe
  std::function<uint64_t()> log_dropped;
};

// Returns the exit code.
int run_status(StatusStart start);

}  // namespace pgring
