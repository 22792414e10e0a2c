// The HTTP server of the status process: Boost.Beast on one thread. What it holds is bounded: so
// many connections, so much of a request, so much time for each step. When all places are taken,
// the connection that has waited longest for its request to be complete makes room for a new one,
// so that clients which send nothing keep nobody out.
#pragma once

#include <cstdint>
#include <vector>

#include "common/fd.h"
#include "master/status_routes.h"

namespace pgring {

// Shown among the metrics.
struct HttpCounters {
  uint64_t requests = 0;
  uint64_t refused = 0;  // closed unanswered, or for a malformed request
};

// Serves until `liveness`, the read end of a pipe, has ended. The listeners' descriptors are taken
// over. Throws std::system_error.
void serve_http(std::vector<Fd> listeners, int liveness, StatusRoutes& routes,
                HttpCounters& counters);

}  // namespace pgring
