// The one list of metrics. To add one: a line here; `make check` then asks for its place in the
// manual's METRICS section.
#pragma once

#include <array>

#include "common/version.h"
#include "master/metrics.h"

namespace pgring {
namespace metrics {

inline uint64_t number(bool value) { return value ? 1 : 0; }
template <typename T>
uint64_t number(T value) {
  return static_cast<uint64_t>(value);
}

template <auto Member>
void of_server(const Snapshot& snapshot, MetricWriter& out) {
  out.add({}, number(snapshot.server.*Member));
}

template <auto Member>
void of_pool(const Snapshot& snapshot, MetricWriter& out) {
  for (const PoolSnapshot& pool : snapshot.pools) {
    const Labels labels = {{"database", pool.database}, {"user", pool.user}};
    if constexpr (std::is_same_v<decltype(Member), LatencyBuckets PoolSnapshot::*>) {
      out.add(labels, pool.*Member);
    } else {
      out.add(labels, number(pool.*Member));
    }
  }
}

template <StatCounter Counter>
void of_stats(const Snapshot& snapshot, MetricWriter& out) {
  for (const PoolSnapshot& pool : snapshot.pools) {
    out.add({{"database", pool.database}, {"user", pool.user}}, pool.stats[Counter]);
  }
}

template <auto Member>
void of_lane(const Snapshot& snapshot, MetricWriter& out) {
  for (const LaneSnapshot& lane : snapshot.lanes) {
    const std::string name = std::to_string(lane.number);
    out.add({{"database", lane.database}, {"user", lane.user}, {"lane", name}},
            number(lane.*Member));
  }
}

template <auto Member>
void of_share(const Snapshot& snapshot, MetricWriter& out) {
  for (const LaneSnapshot& lane : snapshot.lanes) {
    const std::string name = std::to_string(lane.number);
    for (const LaneShareSnapshot& share : lane.shares) {
      const std::string worker = std::to_string(share.worker);
      out.add(
          {{"database", lane.database}, {"user", lane.user}, {"lane", name}, {"worker", worker}},
          number(share.*Member));
    }
  }
}

template <auto Member>
void of_worker(const Snapshot& snapshot, MetricWriter& out) {
  for (const WorkerSnapshot& worker : snapshot.workers) {
    out.add({{"worker", std::to_string(worker.number)}}, number(worker.*Member));
  }
}

// Those that are more than one member: metrics_collect.cc.
void build(const Snapshot& snapshot, MetricWriter& out);
void process_ids(const Snapshot& snapshot, MetricWriter& out);
void pool_info(const Snapshot& snapshot, MetricWriter& out);
void pool_clients(const Snapshot& snapshot, MetricWriter& out);
void pool_servers(const Snapshot& snapshot, MetricWriter& out);
void worker_up(const Snapshot& snapshot, MetricWriter& out);
void worker_connections(const Snapshot& snapshot, MetricWriter& out);
void ready(const Snapshot& snapshot, MetricWriter& out);
void lane_capacity(const Snapshot& snapshot, MetricWriter& out);

using enum MetricType;
using enum StatCounter;
using Server = ServerSnapshot;
using P = PoolSnapshot;
using L = LaneSnapshot;
using Share = LaneShareSnapshot;
using W = WorkerSnapshot;
inline constexpr std::string_view kPool = "database, user";
inline constexpr std::string_view kPoolState = "database, user, state";
inline constexpr std::string_view kLane = "database, user, lane";
inline constexpr std::string_view kShare = "database, user, lane, worker";

inline constexpr auto kTable = std::to_array<Metric>({
    // SHOW STATS
    {"pgring_server_assignments", kCounter, "", kPool,
     "Times a connection was given to a client's statement or transaction",
     of_stats<kServerAssignments>},
    {"pgring_transactions", kCounter, "", kPool, "Transactions ended", of_stats<kTransactions>},
    {"pgring_queries", kCounter, "", kPool, "Queries answered", of_stats<kQueries>},
    {"pgring_received_bytes", kCounter, "bytes", kPool, "Bytes received from clients",
     of_stats<kReceived>},
    {"pgring_sent_bytes", kCounter, "bytes", kPool, "Bytes sent to clients", of_stats<kSent>},
    {"pgring_transaction_seconds", kCounter, "seconds", kPool,
     "Time connections were in transactions", of_stats<kTransactionTime>},
    {"pgring_query_seconds", kCounter, "seconds", kPool, "Time queries ran on the server",
     of_stats<kQueryTime>},
    {"pgring_wait_seconds", kCounter, "seconds", kPool, "Time clients waited for a connection",
     of_stats<kWaitTime>},
    {"pgring_client_parses", kCounter, "", kPool, "Statements prepared by clients",
     of_stats<kClientParses>},
    {"pgring_server_parses", kCounter, "", kPool, "Statements prepared on the server",
     of_stats<kServerParses>},
    {"pgring_binds", kCounter, "", kPool, "Prepared statements bound", of_stats<kBinds>},
    {"pgring_client_logins", kCounter, "", kPool, "Clients logged in", of_stats<kClientLogins>},
    {"pgring_errors", kCounter, "", kPool, "Error responses sent to clients", of_pool<&P::errors>},
    // Latency
    {"pgring_queue_time_seconds", kHistogram, "seconds", kPool,
     "Time from a query's arrival until it was sent to the server", of_pool<&P::queue>},
    {"pgring_server_time_seconds", kHistogram, "seconds", kPool,
     "Time from a query's sending to the end of the server's answer", of_pool<&P::server>},
    {"pgring_total_time_seconds", kHistogram, "seconds", kPool,
     "Time from a query's arrival to the end of its answer", of_pool<&P::total>},
    // SHOW POOLS
    {"pgring_pool", kInfo, "", "database, user, pool_mode", "How the pool gives out connections",
     pool_info},
    {"pgring_pool_clients", kGauge, "", kPoolState, "Clients that are active, idle or waiting",
     pool_clients},
    {"pgring_pool_servers", kGauge, "", kPoolState,
     "Database connections that are active, idle, login or being_canceled", pool_servers},
    {"pgring_pool_oldest_wait_seconds", kGauge, "seconds", kPool,
     "How long the first client in the queue has waited", of_pool<&P::oldest_wait_us>},
    {"pgring_pool_size", kGauge, "", kPool, "Connections the pool may have, 0 for no limit",
     of_pool<&P::size>},
    {"pgring_pool_min_size", kGauge, "", kPool, "Connections kept open", of_pool<&P::min_size>},
    {"pgring_pool_reserve_size", kGauge, "", kPool, "Further connections for clients that wait",
     of_pool<&P::reserve_size>},
    {"pgring_pool_paused", kGauge, "", kPool, "1 while the database is paused",
     of_pool<&P::paused>},
    {"pgring_pool_up", kGauge, "", kPool,
     "0 while the last login to the database has failed and no connection is left",
     of_pool<&P::reachable>},
    // Rings and pipelines
    {"pgring_lane_depth", kGauge, "", kLane, "Tasks queued on the ring", of_lane<&L::depth>},
    {"pgring_lane_capacity", kGauge, "", "", "Tasks each ring holds", lane_capacity},
    {"pgring_lane_overflow", kGauge, "", kLane, "Clients held back because the ring is full",
     of_lane<&L::overflow>},
    {"pgring_lane_tasks", kCounter, "", kLane, "Tasks ever put on the ring",
     of_lane<&L::published>},
    {"pgring_lane_room", kGauge, "", kLane, "Tasks the open connections could take at once",
     of_lane<&L::room>},
    {"pgring_lane_pipeline_depth", kGauge, "", kLane, "The setting pipeline_depth",
     of_lane<&L::pipeline_depth>},
    {"pgring_lane_pipelined", kGauge, "", kLane, "Tasks on connections, running or in line",
     of_lane<&L::line_units>},
    {"pgring_lane_longest_pipeline", kGauge, "", kLane, "Tasks on the fullest connection",
     of_lane<&L::longest_line>},
    {"pgring_lane_service_seconds", kGauge, "seconds", kShare,
     "Moving average of a statement's time at the front of a connection",
     of_share<&Share::service_us>},
    {"pgring_lane_gathering", kGauge, "", kShare,
     "Short reads line up once so many connections are busy, 0 when they are spread out",
     of_share<&Share::gathering>},
    {"pgring_lane_line_limit", kGauge, "", kShare,
     "How many tasks a line may have: pipeline_depth while reads are very short, 1 when they are long",
     of_share<&Share::line_limit>},
    {"pgring_lane_gathered", kCounter, "", kLane,
     "Short reads put in line although another connection was idle", of_lane<&L::gathered>},
    // Workers
    {"pgring_worker_up", kGauge, "", "worker", "1 while the worker's process runs", worker_up},
    {"pgring_worker_sleeping", kGauge, "", "worker", "1 while the worker waits for a wake-up",
     of_worker<&W::sleeping>},
    {"pgring_worker_uptime_seconds", kGauge, "seconds", "worker",
     "Time since the worker's process was started", of_worker<&W::uptime_us>},
    {"pgring_worker_restarts", kCounter, "", "worker", "Times a worker died and was replaced",
     of_worker<&W::restarts>},
    {"pgring_worker_mailbox_depth", kGauge, "", "worker",
     "Tasks queued for connections that their clients hold", of_worker<&W::mailbox_depth>},
    {"pgring_worker_connections", kGauge, "", "worker, state",
     "Database connections that are active, idle or login", worker_connections},
    {"pgring_worker_tasks_claimed", kCounter, "", "worker", "Tasks taken from the rings",
     of_worker<&W::tasks_claimed>},
    {"pgring_worker_tasks_pipelined", kCounter, "", "worker", "Tasks sent behind a busy statement",
     of_worker<&W::tasks_pipelined>},
    {"pgring_worker_tasks_retried", kCounter, "", "worker", "Tasks run again after a failure",
     of_worker<&W::tasks_retried>},
    {"pgring_worker_connections_opened", kCounter, "", "worker", "Database connections opened",
     of_worker<&W::connections_opened>},
    {"pgring_worker_connections_failed", kCounter, "", "worker",
     "Database connections that could not be opened", of_worker<&W::connections_failed>},
    {"pgring_worker_cancels", kCounter, "", "worker", "Cancel requests sent",
     of_worker<&W::cancels_sent>},
    {"pgring_worker_sleeps", kCounter, "", "worker", "Times the worker had nothing to do",
     of_worker<&W::sleeps>},
    {"pgring_worker_naps", kCounter, "", "worker", "Times the worker let answers gather",
     of_worker<&W::naps>},
    {"pgring_worker_server_parses", kCounter, "", "worker", "Statements prepared on the server",
     of_worker<&W::server_parses>},
    {"pgring_worker_sent_bytes", kCounter, "bytes", "worker", "Bytes sent to the database",
     of_worker<&W::bytes_to_server>},
    {"pgring_worker_received_bytes", kCounter, "bytes", "worker",
     "Bytes received from the database", of_worker<&W::bytes_from_server>},
    // SHOW LISTS and MEM
    {"pgring_databases", kGauge, "", "", "Databases configured or in use, the console's included",
     of_server<&Server::databases>},
    {"pgring_users", kGauge, "", "", "Users configured or in use", of_server<&Server::users>},
    {"pgring_pools", kGauge, "", "", "Pools, the console's included", of_server<&Server::pools>},
    {"pgring_used_clients", kGauge, "", "", "Clients connected", of_server<&Server::used_clients>},
    {"pgring_login_clients", kGauge, "", "", "Clients logging in",
     of_server<&Server::login_clients>},
    {"pgring_free_clients", kGauge, "", "", "Places for clients kept for use again",
     of_server<&Server::free_clients>},
    {"pgring_console_clients", kGauge, "", "", "Clients of the admin console",
     of_server<&Server::console_clients>},
    {"pgring_max_clients", kGauge, "", "", "The setting max_client_conn",
     of_server<&Server::max_clients>},
    {"pgring_used_servers", kGauge, "", "", "Database connections",
     of_server<&Server::used_servers>},
    {"pgring_task_slots", kGauge, "", "", "Queries that can be queued or running at a time",
     of_server<&Server::tasks>},
    {"pgring_task_slots_free", kGauge, "", "", "Task slots not in use",
     of_server<&Server::tasks_free>},
    {"pgring_payload_blocks", kGauge, "", "", "Blocks for queries that do not fit in their slot",
     of_server<&Server::blocks>},
    {"pgring_payload_blocks_free", kGauge, "", "", "Blocks not in use",
     of_server<&Server::blocks_free>},
    // The server
    {"pgring_build", kInfo, "", "version", "Version of the program", build},
    {"pgring_process_pid", kGauge, "", "process", "Process numbers, 0 between two lives",
     process_ids},
    {"pgring_start_time_seconds", kGauge, "seconds", "", "When pgringd was started, unix time",
     of_server<&Server::started_at_unix_us>},
    {"pgring_uptime_seconds", kGauge, "seconds", "", "Time since then",
     of_server<&Server::uptime_us>},
    {"pgring_tick_age_seconds", kGauge, "seconds", "",
     "Time since the master's last sign of life, which it gives twice a second",
     of_server<&Server::tick_age_us>},
    {"pgring_ready", kGauge, "", "", "1 where /readyz answers 200", ready},
    {"pgring_paused", kGauge, "", "", "1 while all databases are paused",
     of_server<&Server::paused>},
    {"pgring_stopping", kGauge, "", "", "1 while pgringd is shutting down",
     of_server<&Server::stopping>},
    {"pgring_workers", kGauge, "", "", "Workers wanted", of_server<&Server::workers_wanted>},
    {"pgring_logger_restarts", kCounter, "", "", "Times the logger died and was replaced",
     of_server<&Server::logger_restarts>},
    {"pgring_status_restarts", kCounter, "", "", "Times the status process died and was replaced",
     of_server<&Server::status_restarts>},
    {"pgring_log_records_dropped", kCounter, "", "", "Log records lost because a buffer was full",
     of_server<&Server::log_dropped>},
    {"pgring_http_requests", kCounter, "", "", "Requests the status process has answered",
     of_server<&Server::http_requests>},
    {"pgring_http_closed", kCounter, "", "",
     "HTTP connections closed for sending nothing or nonsense, or to make room for others",
     of_server<&Server::http_refused>},
});

}  // namespace metrics

inline constexpr const auto& kMetrics = metrics::kTable;
static_assert(kMetrics.size() == 81);

}  // namespace pgring
