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

}  // namespace pgring
