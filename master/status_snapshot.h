// The counters in shared memory, read once: what /metrics, the health checks and the status page
// show. Times are in microseconds.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/shared_state.h"
#include "master/latency_buckets.h"
#include "master/stats_history.h"

namespace pgring {

// By database and user, like a row of SHOW POOLS: lanes that differ in nothing but startup
// parameters are added up.
struct PoolSnapshot {
  std::string database, user, mode;
  StatValues stats;
  uint64_t errors = 0;
  uint32_t clients_active = 0, clients_idle = 0, clients_waiting = 0;
  uint32_t servers_active = 0, servers_idle = 0, servers_login = 0, servers_canceling = 0;
  uint32_t size = 0, min_size = 0, reserve_size = 0;
  uint64_t oldest_wait_us = 0;
  bool paused = false;
  bool reachable = true;  // no: the last login failed and no connection is left
  LatencyBuckets queue, server, total;
};

// What one worker has of a lane.
struct LaneShareSnapshot {
  uint32_t worker = 0;
  uint32_t service_us = 0;
  uint32_t gathering = 0;
  uint32_t line_limit = 0;
};

struct LaneSnapshot {
  uint32_t number = 0;
  std::string database, user;
  uint32_t depth = 0, overflow = 0, room = 0, pipeline_depth = 0;
  uint64_t published = 0, gathered = 0;
  uint32_t line_units = 0, longest_line = 0;
  std::vector<LaneShareSnapshot> shares;  // of workers that have connections
};

struct WorkerSnapshot {
  uint32_t number = 0;
  int32_t pid = 0;  // 0: died, and not yet replaced
  bool sleeping = false;
  uint32_t restarts = 0;
  uint64_t uptime_us = 0;
  uint32_t mailbox_depth = 0;
  uint32_t active = 0, idle = 0, login = 0;  // connections
  uint64_t tasks_claimed = 0, tasks_pipelined = 0, tasks_retried = 0;
  uint64_t connections_opened = 0, connections_failed = 0, cancels_sent = 0, sleeps = 0, naps = 0;
  uint64_t server_parses = 0, bytes_to_server = 0, bytes_from_server = 0;
};

struct ServerSnapshot {
  uint64_t uptime_us = 0, tick_age_us = 0, started_at_unix_us = 0;
  int32_t master_pid = 0, logger_pid = 0, status_pid = 0;
  bool stopping = false, paused = false;
  uint32_t workers_wanted = 0;
  uint64_t logger_restarts = 0, status_restarts = 0, log_dropped = 0;
  uint32_t databases = 0, users = 0, pools = 0;
  uint32_t used_clients = 0, login_clients = 0, free_clients = 0, console_clients = 0;
  uint32_t max_clients = 0, used_servers = 0;
  uint32_t tasks = 0, tasks_free = 0, blocks = 0, blocks_free = 0;
  uint64_t http_requests = 0, http_refused = 0;  // the status process's own
};

struct Snapshot {
  int64_t taken_at = 0;  // monotonic
  ServerSnapshot server;
  std::vector<PoolSnapshot> pools;  // in the order of database and user
  std::vector<LaneSnapshot> lanes;
  std::vector<WorkerSnapshot> workers;  // those wanted or alive
};

// Fills in everything but what the status process knows of itself: its pid, requests and the log's
// dropped records.
Snapshot take_snapshot(const SharedState& state, int64_t now);

}  // namespace pgring
