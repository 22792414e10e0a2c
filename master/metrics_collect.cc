// The metrics that are more than one number of a snapshot.
#include "common/task_ring.h"
#include "common/version.h"
#include "master/metrics_table.h"
#include "master/status_health.h"

namespace pgring::metrics {

void build(const Snapshot&, MetricWriter& out) { out.add({{"version", kVersion}}, uint64_t{1}); }

void process_ids(const Snapshot& snapshot, MetricWriter& out) {
  out.add({{"process", "master"}}, number(snapshot.server.master_pid));
  out.add({{"process", "logger"}}, number(snapshot.server.logger_pid));
  out.add({{"process", "status"}}, number(snapshot.server.status_pid));
  for (const WorkerSnapshot& worker : snapshot.workers) {
    const std::string name = "worker " + std::to_string(worker.number);
    out.add({{"process", name}}, number(worker.pid));
  }
}

void pool_info(const Snapshot& snapshot, MetricWriter& out) {
  for (const PoolSnapshot& pool : snapshot.pools) {
    out.add({{"database", pool.database}, {"user", pool.user}, {"pool_mode", pool.mode}},
            uint64_t{1});
  }
}

void pool_clients(const Snapshot& snapshot, MetricWriter& out) {
  for (const PoolSnapshot& pool : snapshot.pools) {
    const auto add = [&](std::string_view state, uint32_t count) {
      out.add({{"database", pool.database}, {"user", pool.user}, {"state", state}}, number(count));
    };
    add("active", pool.clients_active);
    add("idle", pool.clients_idle);
    add("waiting", pool.clients_waiting);
  }
}

void pool_servers(const Snapshot& snapshot, MetricWriter& out) {
  for (const PoolSnapshot& pool : snapshot.pools) {
    const auto add = [&](std::string_view state, uint32_t count) {
      out.add({{"database", pool.database}, {"user", pool.user}, {"state", state}}, number(count));
    };
    add("active", pool.servers_active);
    add("idle", pool.servers_idle);
    add("login", pool.servers_login);
    add("being_canceled", pool.servers_canceling);
  }
}

void worker_up(const Snapshot& snapshot, MetricWriter& out) {
  for (const WorkerSnapshot& worker : snapshot.workers) {
    out.add({{"worker", std::to_string(worker.number)}}, number(worker.pid != 0));
  }
}

void worker_connections(const Snapshot& snapshot, MetricWriter& out) {
  for (const WorkerSnapshot& worker : snapshot.workers) {
    const std::string name = std::to_string(worker.number);
    out.add({{"worker", name}, {"state", "active"}}, number(worker.active));
    out.add({{"worker", name}, {"state", "idle"}}, number(worker.idle));
    out.add({{"worker", name}, {"state", "login"}}, number(worker.login));
  }
}

void ready(const Snapshot& snapshot, MetricWriter& out) {
  out.add({}, number(check_readiness(snapshot).ok));
}

void lane_capacity(const Snapshot&, MetricWriter& out) { out.add({}, uint64_t{kLaneCapacity}); }

}  // namespace pgring::metrics
