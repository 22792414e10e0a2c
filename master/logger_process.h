// The logger process: the only one that writes log files.
//
// The master starts it, and when settings for logs have changed it starts another: SIGTERM to the
// old one, which finishes what it has begun and leaves; reap it; fork the next. Never two at once,
// see log_ring.h. A logger that hangs in a write may be killed with SIGKILL: its last batch, at
// most 256 KiB of lines, can then be in the files twice.
//
// Signals: SIGHUP opens files by name again. SIGTERM counts only from the parent, because service
// managers send it to every process, and the logger has to write down how the others ended; it
// leaves when nobody holds the write end of the liveness pipe any more. SIGINT and SIGQUIT from the
// terminal mean the master and are ignored for the same reason. Until run_logger() has begun,
// signals do what they did in the parent: fork with them blocked, or be ready to start a logger
// again.
#pragma once

#include "common/doorbell.h"
#include "common/log_ring.h"
#include "master/logger_config.h"

namespace pgring {

// `liveness` is the read end of a pipe whose write ends the master, and if it likes the others,
// keep open. `doorbell` is rung by log_to_ring()'s processes. Returns the exit code.
int run_logger(const LogConfig& config, const LogRing& ring, int liveness,
               const Doorbell& doorbell);

}  // namespace pgring
