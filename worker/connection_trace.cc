// What the log levels debug and noise tell of a connection: its life and the way of its units.
#include <libpq-fe.h>

#include "common/log.h"
#include "worker/lane_pool.h"
#include "worker/server_connection.h"

namespace pgring {

void ServerConnection::trace(const char* what) const {
  log_debug("{}: backend {}: {}", pool_.config().name, PQbackendPID(stream_.connection()), what);
}

void ServerConnection::trace_unit(LogLevel level, const Unit& unit, const char* what) const {
  log(level, {}, "{}: backend {}: task {}.{} {}", pool_.config().name,
      PQbackendPID(stream_.connection()), unit.task, unit.turn, what);
}

const char* ServerConnection::why_closed() const {
  if (line_.empty())
    return linked_client_ == kNoClient ? "by the server" : "by the server while it was in use";
  return line_.front().terminates ? "its client left in the middle of a statement"
                                  : "by the server while it was in use";
}

}  // namespace pgring
