// Writing the objects.
#include "master/status_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string_view>

#include "common/text_escape.h"
#include "common/version.h"
#include "master/status_health.h"

namespace pgring {
namespace {

std::string trimmed_lines(std::string text) {
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

template <typename Range, typename Write>
void add_array(std::string& out, std::string_view name, const Range& range, Write write) {
  fmt::format_to(std::back_inserter(out), ",\n\"{}\":[", name);
  const char* separator = "";
  for (const auto& item : range) {
    out.append(separator).append(write(item));
    separator = ",";
  }
  out.push_back(']');
}

std::string pool_json(const PoolSnapshot& pool, const StatusHistory& history) {
  return fmt::format(
      "{{\"database\":{},\"user\":{},\"mode\":{},\"rate\":{:.1f},\"queries\":{},\"errors\":{},"
      "\"cl_active\":{},\"cl_idle\":{},\"cl_waiting\":{},\"sv_active\":{},\"sv_idle\":{},"
      "\"sv_login\":{},\"size\":{},\"wait_us\":{},\"p50\":{},\"p99\":{},\"paused\":{},\"up\":{}}}",
      json_text(pool.database), json_text(pool.user), json_text(pool.mode), history.pool_rate(pool),
      pool.stats[StatCounter::kQueries], pool.errors, pool.clients_active, pool.clients_idle,
      pool.clients_waiting, pool.servers_active + pool.servers_canceling, pool.servers_idle,
      pool.servers_login, pool.size, pool.oldest_wait_us, pool.total.percentile(0.5),
      pool.total.percentile(0.99), pool.paused, pool.reachable);
}

std::string worker_json(const WorkerSnapshot& worker, const StatusHistory& history) {
  return fmt::format(
      "{{\"worker\":{},\"pid\":{},\"sleeping\":{},\"uptime_us\":{},\"rate\":{:.1f},"
      "\"claimed\":{},\"pipelined\":{},\"retried\":{},\"active\":{},\"idle\":{},\"login\":{},"
      "\"failed\":{},\"restarts\":{}}}",
      worker.number, worker.pid, worker.sleeping, worker.uptime_us,
      history.worker_rate(worker.number), worker.tasks_claimed, worker.tasks_pipelined,
      worker.tasks_retried, worker.active, worker.idle, worker.login, worker.connections_failed,
      worker.restarts);
}

std::string lane_json(const LaneSnapshot& lane) {
  uint64_t service_us = 0;
  uint32_t gathering = 0;
  for (const LaneShareSnapshot& share : lane.shares) {
    service_us = std::max<uint64_t>(service_us, share.service_us);
    gathering = std::max(gathering, share.gathering);
  }
  return fmt::format(
      "{{\"lane\":{},\"database\":{},\"user\":{},\"depth\":{},\"overflow\":{},\"room\":{},"
      "\"pipelined\":{},\"longest\":{},\"pipeline_depth\":{},\"service_us\":{},\"gathering\":{}}}",
      lane.number, json_text(lane.database), json_text(lane.user), lane.depth, lane.overflow,
      lane.room, lane.line_units, lane.longest_line, lane.pipeline_depth, service_us, gathering);
}

// A number per name and point, so that a chart takes one array.
void add_history(std::string& out, const StatusHistory& history) {
  fmt::format_to(std::back_inserter(out), ",\n\"step_s\":{}", StatusHistory::kStep / 1000000);
  const auto add = [&](std::string_view name, auto member) {
    add_array(out, name, history.points(), [member](const StatusPoint& point) {
      return fmt::format("{:.6g}", static_cast<double>(point.*member));
    });
  };
  add("queries", &StatusPoint::queries);
  add("transactions", &StatusPoint::transactions);
  add("bytes_in", &StatusPoint::bytes_in);
  add("bytes_out", &StatusPoint::bytes_out);
  add("clients", &StatusPoint::clients);
  add("active", &StatusPoint::active);
  add("waiting", &StatusPoint::waiting);
  add("servers", &StatusPoint::servers);
  add("p50", &StatusPoint::p50);
  add("p95", &StatusPoint::p95);
  add("p99", &StatusPoint::p99);
  add("queue_p99", &StatusPoint::queue_p99);
  add("server_p99", &StatusPoint::server_p99);
}

}  // namespace

std::string status_to_json(const Snapshot& snapshot, const StatusHistory& history) {
  const ServerSnapshot& server = snapshot.server;
  const Verdict health = check_health(snapshot);
  const Verdict ready = check_readiness(snapshot);
  std::string out = fmt::format(
      "{{\"version\":{},\"pid\":{},\"uptime_us\":{},\"healthy\":{},\"ready\":{},\"reason\":{},\n"
      "\"clients_now\":{},\"max_clients\":{},\"servers_now\":{},\"workers_wanted\":{},"
      "\"blocks\":{},\"blocks_free\":{},\"log_dropped\":{}",
      json_text(kVersion), server.master_pid, server.uptime_us, health.ok, ready.ok,
      json_text(trimmed_lines(ready.text)), server.used_clients, server.max_clients,
      server.used_servers, server.workers_wanted, server.blocks, server.blocks_free,
      server.log_dropped);
  add_array(out, "pools", snapshot.pools,
            [&](const PoolSnapshot& pool) { return pool_json(pool, history); });
  add_array(out, "workers", snapshot.workers,
            [&](const WorkerSnapshot& worker) { return worker_json(worker, history); });
  add_array(out, "lanes", snapshot.lanes, lane_json);
  add_history(out, history);
  return out.append("}\n");
}

}  // namespace pgring
