// Which connection takes the next task. The one place that decides between spreading statements
// over connections and lining them up on one.
#pragma once

#include <cstdint>

#include "worker/lane_pool.h"

namespace pgring {

// The kinds of task (bits of traffic_bit) that some connection of the pool could take now.
uint8_t acceptable_traffic(const LanePool& pool);

struct Placement {
  ServerConnection* connection;  // null where none can take the task
  bool gathered;                 // it stands in line there although another connection is idle
};

// For a claimed task.
Placement choose_connection(const LanePool& pool, const Task& task);

}  // namespace pgring
