// What the parts of a worker share: one per process, made by run_worker and passed by reference.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/clock.h"
#include "common/poller.h"
#include "common/shared_state.h"
#include "worker/backend_registry.h"
#include "worker/frame_writer.h"
#include "worker/links.h"

namespace pgring {

class Canceller;
class LanePool;

struct WorkerContext {
  SharedState state;
  uint8_t number;
  WorkerSlot& slot;
  Poller& poller;
  FrameWriter frames;
  BackendRegistry backends;
  Links links;
  Canceller* canceller = nullptr;
  int64_t now = 0;             // monotonic microseconds, of this loop
  int64_t next_timer = 0;      // when the loop must look at its timers
  bool streamed = false;       // a part of a result longer than the reply window has passed
  bool some_finished = false;  // connections are to be buried
  bool all_lanes = true;       // each is to be looked at, whether it rests or not
  std::vector<LanePool*> awake_lanes;
  std::vector<ServerConnection*> to_flush;
  std::vector<char> read_buffer;
  std::vector<char> scratch;  // for messages made here; cleared by whoever uses it
  std::string sql;            // the same for text

  void wake_at(int64_t when) {
    if (when < next_timer) next_timer = when;
  }
  Task& task(uint32_t number_of_task) { return state.tasks[number_of_task]; }
};

// Only the worker itself writes its counters, so no atomic addition is needed.
inline void count(std::atomic<uint64_t>& counter, uint64_t by = 1) {
  counter.store(counter.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
}

}  // namespace pgring
