// Statements that take long have an idle connection each, or wait on the ring. Short reads are
// gathered: once as many connections are busy as LanePool::spread() says, the shortest line behind
// one of them is better than waking another backend, which costs more than the wait; and while they
// are very short, all of them go to the first few (LanePool::acceptable), and what these cannot
// take waits on the ring. Among equals one that already has the client's parameters goes first, and
// of the idle ones the one that was used last, so that the others may time out; with
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

// Null where none is idle.
ServerConnection* choose_idle(const LanePool& pool, const Task& task) {
  ServerConnection* best = nullptr;
  Rank best_rank{};
  for (ServerConnection* connection : pool.roster().idle()) {
    const Rank rank = rank_of(*connection, pool, task);
    if (best != nullptr && rank >= best_rank) continue;
    best = connection;
    best_rank = rank;
    if (rank == Rank{}) break;  // none is better
  }
  return best;
}

}  // namespace

uint8_t acceptable_traffic(const LanePool& pool) {
  uint8_t traffics = 0;
  uint32_t lines = 0;
  for (const ServerConnection* connection : pool.roster().in_use()) {
    traffics |= pool.acceptable(*connection, lines);
    if (traffics != 0) break;  // reads, and an idle one takes the others
  }
  // All idle ones are alike.
  const auto idle = pool.roster().idle();
  return idle.empty() ? traffics : traffics | pool.acceptable(*idle.front(), lines);
}

Placement choose_connection(const LanePool& pool, const Task& task) {
  ServerConnection* line = nullptr;  // the shortest
  Rank line_rank{};
  uint32_t busy = 0;
  uint32_t lines = 0;
  for (ServerConnection* connection : pool.roster().in_use()) {
    if (connection->linked_client() == kNoClient) ++busy;
    const uint8_t traffics = pool.acceptable(*connection, lines);
    if ((traffics & traffic_bit(task.traffic)) == 0) continue;
    const Rank rank = rank_of(*connection, pool, task);
    if (line != nullptr && rank >= line_rank) continue;
    line = connection;
    line_rank = rank;
  }
  const auto idle = pool.roster().idle();
  const bool idle_may_take_it =
      !idle.empty() && (pool.acceptable(*idle.front(), lines) & traffic_bit(task.traffic)) != 0;
  const bool gather = line != nullptr && pool.gathers() && busy >= pool.spread();
  if (!idle_may_take_it || gather) return {line, !idle.empty()};
  return {choose_idle(pool, task), false};
}

}  // namespace pgring
