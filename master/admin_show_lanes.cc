// SHOW LANES and WORKERS: what pgring has and no other pooler.
#include <algorithm>

#include "common/settings_value.h"
#include "master/admin_show.h"
#include "master/client_census.h"

namespace pgring {
namespace {

struct Shares {
  uint32_t connections = 0;
  uint32_t active = 0;
  uint32_t idle = 0;
  uint32_t login = 0;
  uint32_t room = 0;
  uint32_t service_us = 0;  // of the slowest worker
  uint32_t gathering = 0;   // so many connections are kept busy before lines form; 0: none do
  uint64_t gathered = 0;
  uint32_t line_limit = 0;  // of the worker with the longest lines

  void add(const LaneShare& share) {
    connections += share.connections.load(std::memory_order_relaxed);
    active += share.active.load(std::memory_order_relaxed);
    idle += share.idle.load(std::memory_order_relaxed);
    login += share.logging_in.load(std::memory_order_relaxed);
    room += share.room.load(std::memory_order_relaxed);
    gathered += share.gathered.load(std::memory_order_relaxed);
    if (share.connections.load(std::memory_order_relaxed) == 0) return;
    service_us = std::max(service_us, share.service_us.load(std::memory_order_relaxed));
    gathering += share.gathering.load(std::memory_order_relaxed);
    line_limit = std::max(line_limit, share.line_limit.load(std::memory_order_relaxed));
  }
};

const char* state_of(const WorkerSlot& slot) {
  const bool leaves = slot.stop.load() != 0;
  if (slot.pid.load() == 0) return leaves ? "stopped" : "restarting";
  return leaves ? "stopping" : "running";
}

}  // namespace

void show_lanes(AdminCall& call) {
  Context& context = call.services.context;
  const auto census = count_clients(call.services.frontend.all(), context);
  for (const auto& [key, pool] : context.pools.all()) {
    const Lane& lane = context.state.lanes[pool.lane];
    const LaneCensus& clients = census[pool.lane];
    const int64_t since = clients.oldest_waiting_since;
    Shares shares;
    for (const LaneShare& share : lane.shares) shares.add(share);
    call.table.row(pool.lane, key.database, key.user, key.options, format_value(pool.mode, {}),
                   pool.paused ? 1 : 0, lane.ring.tail.load(std::memory_order_relaxed),
                   depth(lane.ring) + depth(lane.front), pool.waiting.size(),
                   since == 0 ? 0 : std::max<int64_t>(context.now - since, 0), shares.room,
                   shares.connections, shares.active, shares.idle, shares.login,
                   lane.config.pipeline_depth, clients.active, clients.waiting, clients.idle,
                   lane.stats.queries.load(std::memory_order_relaxed),
                   lane.stats.errors.load(std::memory_order_relaxed), shares.service_us,
                   shares.gathering, shares.gathered, shares.line_limit);
  }
}

void show_workers(AdminCall& call) {
  const Context& context = call.services.context;
  const SharedState& state = context.state;
  const uint32_t lanes = state.header->lane_count.load(std::memory_order_relaxed);
  for (uint32_t worker = 1; worker <= state.header->worker_count; ++worker) {
    const WorkerSlot& slot = state.workers[worker];
    const WorkerCounters& counters = slot.counters;
    const int32_t pid = slot.pid.load();
    Shares shares;
    for (uint32_t lane = 0; lane < lanes; ++lane) shares.add(state.lanes[lane].shares[worker]);
    const auto get = [](const std::atomic<uint64_t>& counter) {
      return counter.load(std::memory_order_relaxed);
    };
    call.table.row(worker, pid, state_of(slot), slot.sleeping.load(),
                   pid == 0 ? 0 : (context.now - slot.started_at.load()) / 1000000,
                   slot.restarts.load(), shares.connections, shares.active, shares.idle,
                   shares.login, get(counters.tasks_claimed), get(counters.tasks_pipelined),
                   get(counters.tasks_retried), get(counters.connections_opened),
                   get(counters.connections_failed), get(counters.cancels_sent),
                   get(counters.sleeps), get(counters.naps), get(counters.server_parses),
                   get(counters.bytes_to_server), get(counters.bytes_from_server));
  }
}

}  // namespace pgring
