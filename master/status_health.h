// What /healthz and /readyz say.
#pragma once

#include <string>

#include "master/status_snapshot.h"

namespace pgring {

struct Verdict {
  bool ok = true;
  std::string text;  // lines, each ended; the reasons where not ok
};

// The processes live: the master's loop turns and workers run. One worker that has died and is
// about to be replaced is no reason to call the whole unhealthy.
Verdict check_health(const Snapshot& snapshot);

// New clients will be served: pgring is neither shutting down nor paused, and some database can be
// reached. A database that nobody has asked for yet counts as reachable.
Verdict check_readiness(const Snapshot& snapshot);

}  // namespace pgring
