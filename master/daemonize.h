// Going to the background. The process that was started waits until its daemon can serve, so that
// whoever starts the service (SMF, init scripts) sees success or failure, never a race.
#pragma once

#include <string_view>

#include "common/fd.h"

namespace pgring {

// The daemon's line to the process that was started. Exactly one of ready() and failed() counts.
class StartupReport {
 public:
  // In the foreground nobody waits: ready() does nothing, failed() writes to stderr.
  StartupReport() = default;
  explicit StartupReport(Fd line) : line_(std::move(line)) {}

  // The waiting process exits with 0.
  void ready();
  // The waiting process writes `text` to its stderr and exits with `exit_code` (1 to 255).
  void failed(int exit_code, std::string_view text);
  // For children forked before the daemon is ready: their copy would keep the line open.
  void forget() { line_.reset(); }

 private:
  Fd line_;
};

// Returns in the daemon only: a session of its own, directory /, stdin, stdout and stderr on
// /dev/null. The umask stays the administrator's. The calling process waits and never returns from
// here. Throws std::system_error if the first step fails.
StartupReport daemonize();

// What the daemon said, as read from the line's other end.
struct StartupOutcome {
  int exit_code;
  std::string_view text;  // of `message`, or a constant
};
StartupOutcome read_startup_outcome(std::string_view message);

}  // namespace pgring
