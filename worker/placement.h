// Which connection takes the next task. The one place that decides between spreading statements
// over connections and lining them up on one.
#pragma once

#include <cstdint>

#include "worker/lane_pool.h"

namespace pgring {

// What the connections of the pool could take now.
struct Openings {
  uint8_t traffics;  // kinds of task, bits of traffic_bit
  bool held;         // reads only in lines: see LanePool::holds
};
Openings find_openings(const LanePool& pool);

struct Placement {
  ServerConnection* connection;  // null where none can take the task
  bool gathered;                 // it stands in line there although another connection is idle
};

// For a claimed task of a kind that the openings are for.
Placement choose_connection(const LanePool& pool, const Task& task, const Openings& openings);

}  // namespace pgring
