// Looking again while the trial says so.
#include "master/event_wait.h"

#include <utility>

#include "common/clock.h"

namespace pgring {

std::size_t EventWait::wait(std::span<PollEvent> events, int timeout_ms, uint64_t answered,
                            bool crowded) {
  const int64_t begin = monotonic_us();
  if (std::exchange(context_.streamed, false)) linger_.on_stream(begin);
  const bool lingering = trial_.review(begin, answered);
  tell_workers(lingering);
  std::size_t count = 0;
  const bool soon = lingering && !crowded && linger_.look_again([&] {
    count = context_.poller->wait(events, 0);
    return count > 0;
  });
  if (!soon) count = context_.poller->wait(events, timeout_ms);
  context_.now = monotonic_us();
  linger_.note(context_.now - begin, count);
  return count;
}

// Stored only when it changes: they read this line of the cache in each of their loops.
void EventWait::tell_workers(bool lingering) {
  std::atomic<uint32_t>& told = context_.state.header->lingering;
  if ((told.load(std::memory_order_relaxed) != 0) != lingering) {
    told.store(lingering ? 1 : 0, std::memory_order_relaxed);
  }
}

}  // namespace pgring
