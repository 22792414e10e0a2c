// What a unit that has ended adds to the counters and histograms of its lane.
#pragma once

#include <cstdint>

#include "common/shared_state.h"
#include "master/client.h"

namespace pgring {

struct EndedUnit {
  uint32_t server_us;  // from its sending to the end of the server's answer
  bool assigned;       // the client had no connection before
};

// Looks at the client's times, status and failure, and keeps when its transaction began.
void count_unit(LaneStats& stats, Client& client, int64_t now, const EndedUnit& unit);

}  // namespace pgring
