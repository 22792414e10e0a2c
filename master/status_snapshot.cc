// Reading. Whoever writes goes on meanwhile, so that numbers of one snapshot may be some
// microseconds apart.
#include "master/status_snapshot.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <utility>

#include "common/settings_value.h"

namespace pgring {
namespace {

template <typename T>
T get(const std::atomic<T>& value) {
  return value.load(std::memory_order_relaxed);
}

uint64_t since(int64_t then, int64_t now) {
  return then != 0 && now > then ? static_cast<uint64_t>(now - then) : 0;
}

template <std::size_t N>
std::string text_of(const char (&text)[N]) {
  return std::string(text, strnlen(text, N));
}

// Units on the connections of each lane.
struct Lines {
  uint32_t units = 0;
  uint32_t longest = 0;
  uint32_t canceling = 0;
};

std::vector<Lines> read_lines(const SharedState& state) {
  std::vector<Lines> lanes(kMaxLanes);
  for (uint32_t worker = 1; worker <= get(state.header->worker_count); ++worker) {
    for (const BackendKey& backend : state.workers[worker].backends) {
      if (backend.pid.load(std::memory_order_acquire) == 0 || backend.lane >= kMaxLanes) continue;
      Lines& lines = lanes[backend.lane];
      const uint32_t line = get(backend.line);
      lines.units += line;
      lines.longest = std::max(lines.longest, line);
      if (get(backend.state) == BackendState::kBeingCanceled) ++lines.canceling;
    }
  }
  return lanes;
}

// A failed login counts for two of the delays after which it is tried again. If nobody asks then,
// the database is given the benefit of the doubt: else a readiness check that keeps clients away
// would keep away what could find it back.
bool is_reachable(const Lane& lane, const LaneConfig& config, int64_t now) {
  int64_t failed = 0, succeeded = 0;
  for (const LaneShare& share : lane.shares) {
    if (get(share.active) + get(share.idle) > 0) return true;
    failed = std::max(failed, get(share.login_failed_at));
    succeeded = std::max(succeeded, get(share.login_succeeded_at));
  }
  return failed <= succeeded || now - failed > 2 * config.server_login_retry_us;
}

void add_to_pool(PoolSnapshot& pool, const Lane& lane, const LaneConfig& config, int64_t now) {
  const LaneStats& stats = lane.stats;
  pool.stats += read_stats(lane);
  pool.errors += get(stats.errors);
  pool.clients_active += get(stats.clients_active);
  pool.clients_idle += get(stats.clients_idle);
  pool.clients_waiting += get(stats.clients_waiting);
  for (const LaneShare& share : lane.shares) {
    pool.servers_active += get(share.active);
    pool.servers_idle += get(share.idle);
    pool.servers_login += get(share.logging_in);
  }
  pool.size = config.pool_size;
  pool.min_size = config.min_pool_size;
  pool.reserve_size = config.reserve_pool_size;
  pool.oldest_wait_us = std::max(pool.oldest_wait_us, since(get(stats.oldest_waiting_since), now));
  pool.paused = pool.paused || config.paused;
  pool.reachable = pool.reachable && is_reachable(lane, config, now);
  pool.queue.add(stats.queue);
  pool.server.add(stats.server);
  pool.total.add(stats.total);
}

LaneSnapshot read_lane(const Lane& lane, const LaneConfig& config, uint32_t number) {
  LaneSnapshot snapshot;
  snapshot.number = number;
  snapshot.database = text_of(config.database_name);
  snapshot.user = text_of(config.user_name);
  snapshot.depth = depth(lane.ring) + depth(lane.front);
  snapshot.overflow = get(lane.stats.overflow);
  snapshot.pipeline_depth = config.pipeline_depth;
  snapshot.published = get(lane.ring.tail);
  for (uint32_t worker = 1; worker <= kMaxWorkers; ++worker) {
    const LaneShare& share = lane.shares[worker];
    snapshot.room += get(share.room);
    snapshot.gathered += get(share.gathered);
    if (get(share.connections) == 0) continue;
    snapshot.shares.push_back(
        {worker, get(share.service_us), get(share.gathering), get(share.line_limit)});
  }
  return snapshot;
}

void read_lanes(const SharedState& state, Snapshot& snapshot) {
  const std::vector<Lines> lines = read_lines(state);
  std::map<std::pair<std::string, std::string>, PoolSnapshot> pools;
  const auto config = std::make_unique<LaneConfig>();
  const uint32_t count = std::min(state.header->lane_count.load(), kMaxLanes);
  for (uint32_t number = 0; number < count; ++number) {
    const Lane& lane = state.lanes[number];
    uint32_t version = 0;
    // The master writes a configuration in far less than a microsecond.
    bool complete = false;
    for (int i = 0; i < 1000 && !complete; ++i) complete = read_lane_config(lane, *config, version);
    if (!complete) continue;
    LaneSnapshot& read = snapshot.lanes.emplace_back(read_lane(lane, *config, number));
    read.line_units = lines[number].units;
    read.longest_line = lines[number].longest;
    PoolSnapshot& pool = pools[{read.database, read.user}];
    pool.mode = format_value(static_cast<PoolMode>(config->pool_mode), {});
    pool.servers_canceling += lines[number].canceling;
    add_to_pool(pool, lane, *config, snapshot.taken_at);
  }
  for (auto& [name, pool] : pools) {
    std::tie(pool.database, pool.user) = name;
    // They are among the active ones until here.
    pool.servers_active -= std::min(pool.servers_canceling, pool.servers_active);
    snapshot.pools.push_back(std::move(pool));
  }
}

WorkerSnapshot read_worker(const SharedState& state, uint32_t number, int64_t now) {
  const WorkerSlot& slot = state.workers[number];
  const WorkerCounters& counters = slot.counters;
  WorkerSnapshot worker;
  worker.number = number;
  worker.pid = get(slot.pid);
  worker.sleeping = get(slot.sleeping) != 0;
  worker.restarts = get(slot.restarts);
  worker.uptime_us = worker.pid == 0 ? 0 : since(get(slot.started_at), now);
  worker.mailbox_depth = depth(slot.mailbox);
  for (uint32_t lane = 0; lane < std::min(get(state.header->lane_count), kMaxLanes); ++lane) {
    const LaneShare& share = state.lanes[lane].shares[number];
    worker.active += get(share.active);
    worker.idle += get(share.idle);
    worker.login += get(share.logging_in);
  }
  worker.tasks_claimed = get(counters.tasks_claimed);
  worker.tasks_pipelined = get(counters.tasks_pipelined);
  worker.tasks_retried = get(counters.tasks_retried);
  worker.connections_opened = get(counters.connections_opened);
  worker.connections_failed = get(counters.connections_failed);
  worker.cancels_sent = get(counters.cancels_sent);
  worker.sleeps = get(counters.sleeps);
  worker.naps = get(counters.naps);
  worker.server_parses = get(counters.server_parses);
  worker.bytes_to_server = get(counters.bytes_to_server);
  worker.bytes_from_server = get(counters.bytes_from_server);
  return worker;
}

void read_server(const SharedState& state, Snapshot& snapshot) {
  const ServerStatus& status = state.header->status;
  ServerSnapshot& server = snapshot.server;
  server.uptime_us = since(get(status.started_at), snapshot.taken_at);
  server.tick_age_us = since(get(status.tick_at), snapshot.taken_at);
  server.started_at_unix_us = static_cast<uint64_t>(get(status.started_at_unix_us));
  server.master_pid = get(status.master_pid);
  server.logger_pid = get(status.logger_pid);
  server.stopping = get(status.stopping) != 0;
  server.paused = get(status.paused) != 0;
  server.workers_wanted = get(status.workers_wanted);
  server.logger_restarts = get(status.logger_restarts);
  server.status_restarts = get(status.status_restarts);
  server.databases = get(status.databases);
  server.users = get(status.users);
  server.pools = get(status.pools);
  server.used_clients = get(status.used_clients);
  server.login_clients = get(status.login_clients);
  server.free_clients = get(status.free_clients);
  server.console_clients = get(status.console_clients);
  server.max_clients = get(status.max_clients);
  server.used_servers = get(status.used_servers);
  server.tasks = state.header->task_count;
  server.tasks_free = get(status.tasks_free);
  server.blocks = get(status.blocks);
  server.blocks_free = get(status.blocks_free);
}

}  // namespace

Snapshot take_snapshot(const SharedState& state, int64_t now) {
  Snapshot snapshot;
  snapshot.taken_at = now;
  read_server(state, snapshot);
  read_lanes(state, snapshot);
  const uint32_t highest = std::min(get(state.header->worker_count), kMaxWorkers);
  for (uint32_t number = 1; number <= highest; ++number) {
    const WorkerSlot& slot = state.workers[number];
    if (number > snapshot.server.workers_wanted && get(slot.pid) == 0) continue;
    snapshot.workers.push_back(read_worker(state, number, now));
  }
  return snapshot;
}

}  // namespace pgring
