// Statements that take long are spread out: idle connections first, then the shortest line. Short
// reads are gathered: once as many connections are busy as there are cores to keep busy, the
// shortest line behind one of them is better than waking another backend, which costs more than
// the wait; and while they are very short, all of them go to the first few (LanePool::acceptable),
// and what these cannot take waits on the ring. Among equals one that already has the client's
// parameters goes first, and of the idle ones the first, so that the others may time out; with
// server_round_robin simply the one that has been idle for longest.
#include "worker/placement.h"

#include <tuple>

namespace pgring {
namespace {

using Rank = std::tuple<std::size_t, bool, int64_t>;

Rank rank_of(const ServerConnection& connection, const LanePool& pool, const Task& task) {
  if (pool.config().round_robin) return {connection.load(), false, connection.idle_since()};
  const bool foreign =
      task.parameter_serial != 0 && connection.applied_parameters() != task.parameter_serial;
  return {connection.load(), foreign, 0};
}

}  // namespace

uint8_t acceptable_traffic(const LanePool& pool) {
  uint8_t traffics = 0;
  uint32_t lines = 0;
  for (const ServerConnection* connection : pool.connections()) {
    traffics |= pool.acceptable(*connection, lines);
    if (traffics == kAnyTraffic) break;
  }
  return traffics;
}

Placement choose_connection(const LanePool& pool, const Task& task) {
  const bool gathers = task.traffic == TaskTraffic::kIndependentRead && pool.gathers();
  ServerConnection* best = nullptr;
  ServerConnection* line = nullptr;  // the shortest that is not empty
  Rank best_rank{}, line_rank{};
  uint32_t busy = 0;
  uint32_t lines = 0;
  for (ServerConnection* connection : pool.connections()) {
    const bool in_use = connection->load() > 0;
    if (in_use && connection->linked_client() == kNoClient) ++busy;
    const uint8_t traffics = pool.acceptable(*connection, lines);
    if ((traffics & traffic_bit(task.traffic)) == 0) continue;
    const Rank rank = rank_of(*connection, pool, task);
    if (best == nullptr || rank < best_rank) {
      best = connection;
      best_rank = rank;
    }
    if (gathers && in_use && (line == nullptr || rank < line_rank)) {
      line = connection;
      line_rank = rank;
    }
  }
  if (line == nullptr || busy < pool.spread()) return {best, false};
  return {line, best->load() == 0};
}

}  // namespace pgring
