#include "master/processor_watch.h"

namespace pgring {
namespace {

constexpr int64_t kInterval = 500'000;
constexpr uint64_t kIdleShare = 20;

}  // namespace

bool were_busy(const ProcessorTime& before, const ProcessorTime& after) {
  // The kernel's count of time spent waiting for a disk may go back.
  const uint64_t idle = after.idle > before.idle ? after.idle - before.idle : 0;
  return after.total > before.total && idle * kIdleShare < after.total - before.total;
}

void ProcessorWatch::tick(int64_t now) {
  if (now < next_) return;
  next_ = now + kInterval;
  const ProcessorTime time = processor_time().value_or(ProcessorTime{});
  header_.processors_busy.store(last_.total > 0 && were_busy(last_, time),
                                std::memory_order_relaxed);
  last_ = time;
}

}  // namespace pgring
