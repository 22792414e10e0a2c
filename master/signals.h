// Signals become bytes on a pipe: the handler writes the signal's number, the event loop acts on
// it.
#pragma once

#include "common/platform.h"

namespace pgring {

class Signals {
 public:
  // Takes SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2 and SIGCHLD; ignores SIGPIPE.
  Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  int fd() const { return pipe_.read.get(); }
  // The next signal that has come, 0 where there is none.
  int next();
  // In a forked child: default actions again.
  static void restore_defaults();

 private:
  Pipe pipe_;
};

}  // namespace pgring
