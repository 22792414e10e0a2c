// The master's wait for events: whether it looks again before it sleeps, which is measured for the
// workers as well.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "common/linger.h"
#include "master/context.h"
#include "master/linger_trial.h"

namespace pgring {

class EventWait {
 public:
  explicit EventWait(Context& context) : context_(context) {}

  // Fills `events` (at least one), returns how many, and sets the context's time. `answered`: units
  // since the process began. `crowded`: somebody else wants the processors, so that nobody looks
  // again.
  std::size_t wait(std::span<PollEvent> events, int timeout_ms, uint64_t answered, bool crowded);

 private:
  void tell_workers(bool lingering);

  Context& context_;
  Linger linger_{5};  // events
  LingerTrial trial_;
};

}  // namespace pgring
