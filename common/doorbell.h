// A wake-up that another process waits for with its Poller. Made before the fork that gives it to
// the process that waits; any number of processes and signal handlers may ring.
#pragma once

#include "common/platform.h"

namespace pgring {

class Doorbell {
 public:
  // Throws std::system_error.
  static Doorbell create();

  // Readable from a ring() until the next clear(). Watch it with Interest::kRead.
  int fd() const { return ends_.read.get(); }

  // Never blocks, leaves errno as it was, async-signal-safe. Rings before a clear() count as one.
  void ring() const;

  // Takes back every ring so far. Call it before looking for work: a ring that comes while work is
  // looked for then wakes again.
  void clear() const;

 private:
  explicit Doorbell(Pipe ends) : ends_(std::move(ends)) {}

  Pipe ends_;  // as of make_doorbell_ends()
};

}  // namespace pgring
