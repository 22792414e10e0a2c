// The master's report on itself for the status process.
#pragma once

#include <sys/types.h>

#include "master/context.h"
#include "master/frontend.h"

namespace pgring {

// What only Master knows.
struct MasterReport {
  bool stopping = false;
  pid_t logger_pid = 0;
  uint64_t logger_restarts = 0;
  uint64_t status_restarts = 0;
};

// Once, before the first fork.
void publish_start(ServerStatus& status);
// With every tick: a sign of life, and numbers.
void publish_server_status(Context& context, const Frontend& frontend, const MasterReport& report);

}  // namespace pgring
