// Counting clients.
#include "master/client_census.h"

#include "master/console_session.h"

namespace pgring {

ClientActivity activity_of(const Client& client, const Context& context) {
  switch (client.state) {
    case ClientState::kStartup:
    case ClientState::kLogin:
      return ClientActivity::kLogin;
    case ClientState::kFree:
    case ClientState::kClosing:
    case ClientState::kGone:
      return ClientActivity::kClosing;
    case ClientState::kActive:
      break;
  }
  if (client.console) {
    return client.console->is_done ? ClientActivity::kWaiting : ClientActivity::kActive;
  }
  if (client.worker != 0) return ClientActivity::kActive;
  if (client.waiting) return ClientActivity::kWaiting;
  if (!client.published) return ClientActivity::kIdle;
  const Task& task = context.state.tasks[client.task];
  const TaskWord word = TaskWord::unpack(task.word.load(std::memory_order_relaxed));
  return word.worker != 0 ? ClientActivity::kActive : ClientActivity::kWaiting;
}

std::vector<LaneCensus> count_clients(const ClientTable& clients, const Context& context) {
  std::vector<LaneCensus> lanes(context.state.header->lane_count.load(std::memory_order_relaxed));
  for (const auto& place : clients) {
    const Client& client = *place;
    if (!client.pool || !client.fd) continue;
    LaneCensus& lane = lanes[client.pool->lane];
    ClientActivity activity = activity_of(client, context);
    // PgBouncer counts those whose login waits for a connection among the waiting.
    if (activity == ClientActivity::kLogin) activity = ClientActivity::kWaiting;
    switch (activity) {
      case ClientActivity::kActive:
        ++lane.active;
        break;
      case ClientActivity::kIdle:
        ++lane.idle;
        break;
      case ClientActivity::kWaiting:
        ++lane.waiting;
        if (lane.oldest_waiting_since == 0 || client.unit_began_at < lane.oldest_waiting_since) {
          lane.oldest_waiting_since = client.unit_began_at;
        }
        break;
      case ClientActivity::kLogin:
      case ClientActivity::kClosing:
        break;
    }
  }
  return lanes;
}

void publish_census(const ClientTable& clients, Context& context) {
  const std::vector<LaneCensus> lanes = count_clients(clients, context);
  for (std::size_t i = 0; i < lanes.size(); ++i) {
    LaneStats& stats = context.state.lanes[i].stats;
    stats.clients_active.store(lanes[i].active, std::memory_order_relaxed);
    stats.clients_waiting.store(lanes[i].waiting, std::memory_order_relaxed);
    stats.clients_idle.store(lanes[i].idle, std::memory_order_relaxed);
    stats.oldest_waiting_since.store(lanes[i].oldest_waiting_since, std::memory_order_relaxed);
  }
  for (const auto& [key, pool] : context.pools.all()) {
    context.state.lanes[pool.lane].stats.overflow.store(static_cast<uint32_t>(pool.waiting.size()),
                                                        std::memory_order_relaxed);
  }
}

}  // namespace pgring
