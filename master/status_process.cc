// The status process's life.
#include "master/status_process.h"

#include <unistd.h>

#include <exception>
#include <utility>

#include "common/clock.h"
#include "common/log.h"
#include "master/status_http.h"

namespace pgring {
namespace {

// Payloads, statements and parameters of clients are none of its business: the mapping ends here
// behind the lanes, which lie before the tasks.
std::size_t bytes_read(const SharedRegion& region, const SharedState& state) {
  return static_cast<std::size_t>(reinterpret_cast<const char*>(state.tasks) - region.data());
}

}  // namespace

int run_status(StatusStart start) {
  try {
    start.region.keep_for_reading(bytes_read(start.region, start.state));
    HttpCounters counters;
    StatusRoutes routes([&] {
      Snapshot snapshot = take_snapshot(start.state, monotonic_us());
      snapshot.server.status_pid = ::getpid();
      snapshot.server.log_dropped = start.log_dropped();
      snapshot.server.http_requests = counters.requests;
      snapshot.server.http_refused = counters.refused;
      return snapshot;
    });
    serve_http(std::move(start.listeners), start.liveness, routes, counters);
    return 0;
  } catch (const std::exception& error) {
    log_error("the status process ends: {}", error.what());
    return 1;
  }
}

}  // namespace pgring
