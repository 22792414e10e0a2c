// Drawing: head lines, then the pools with most queries, then the workers, as far as there is room.
#include "master/ctl/frame.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <vector>

#include "common/text_escape.h"
#include "master/ctl/output.h"

namespace pgring::ctl {
namespace {

using Lines = std::vector<std::string>;

constexpr const char* kTimes[] = {"queue", "server", "total"};
constexpr double kShares[] = {0.5, 0.95, 0.99};

// 1234567 becomes "1.2M".
std::string brief(double value) {
  for (const char* unit : {"", "k", "M", "G", "T"}) {
    if (value < 9999.5) {
      return value < 99.95 && *unit != '\0' ? fmt::format("{:.1f}{}", value, unit)
                                            : fmt::format("{:.0f}{}", value, unit);
    }
    value /= 1000;
  }
  return fmt::format("{:.0f}P", value);
}

std::string time_text(int64_t us) {
  if (us < 0) return "-";
  if (us < 10000) return fmt::format("{} us", us);
  if (us < 10000000) return fmt::format("{} ms", us / 1000);
  return fmt::format("{} s", us / 1000000);
}

std::string clock_text() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  localtime_r(&now, &parts);
  return fmt::format("{:02}:{:02}:{:02}", parts.tm_hour, parts.tm_min, parts.tm_sec);
}

void add_head(Lines& lines, const Sample& before, const Sample& now, const std::string& version) {
  int64_t clients = 0, waiting = 0, active = 0, idle = 0;
  for (std::size_t row = 0; row < now.pools.rows.size(); ++row) {
    if (now.pools.cell(row, "database") == "pgbouncer") continue;
    clients += now.pools.number(row, "cl_active");
    waiting += now.pools.number(row, "cl_waiting");
    active += now.pools.number(row, "sv_active");
    idle += now.pools.number(row, "sv_idle");
  }
  lines.push_back(fmt::format("{}  {}  {} workers  {} clients, {} waiting  connections {}/{}",
                              version, clock_text(), now.workers.rows.size(), clients + waiting,
                              waiting, active, active + idle));
  lines.push_back(fmt::format(
      "queries/s {}  transactions/s {}  logins/s {}  in {}B/s  out {}B/s",
      brief(rate(before, now, "query_count")), brief(rate(before, now, "xact_count")),
      brief(rate(before, now, "client_login_count")), brief(rate(before, now, "bytes_received")),
      brief(rate(before, now, "bytes_sent"))));
  lines.push_back("");
  lines.push_back(fmt::format("{:<24} {:>9} {:>9} {:>9}", "LATENCY", "P50", "P95", "P99"));
  for (const char* time : kTimes) {
    std::string line = fmt::format("{:<24}", time);
    for (const double share : kShares) {
      line += fmt::format(" {:>9}", time_text(percentile(before, now, time, share)));
    }
    lines.push_back(line);
  }
  lines.push_back("");
}

double pool_rate(const Sample& before, const Sample& now, const std::string& pool) {
  const auto then = before.queries_by_pool.find(pool);
  const auto today = now.queries_by_pool.find(pool);
  if (today == now.queries_by_pool.end() || now.at <= before.at) return 0;
  const int64_t grown = today->second - (then == before.queries_by_pool.end() ? 0 : then->second);
  return static_cast<double>(grown) / (now.at - before.at);
}

struct PoolLine {
  double queries;
  std::string text;
};

void add_pools(Lines& lines, const Sample& before, const Sample& now, std::size_t room) {
  lines.push_back(fmt::format("{:<24} {:>8} {:>6} {:>6} {:>6} {:>6} {:>6} {:>8}", "POOL", "QUERY/S",
                              "CL_ACT", "CL_WAI", "SV_ACT", "SV_IDL", "SV_LOG", "MAXWAIT"));
  std::vector<PoolLine> pools;
  for (std::size_t row = 0; row < now.pools.rows.size(); ++row) {
    const std::string database = now.pools.cell(row, "database");
    if (database == "pgbouncer") continue;
    const std::string name = database + "/" + now.pools.cell(row, "user");
    const int64_t wait =
        now.pools.number(row, "maxwait") * 1000000 + now.pools.number(row, "maxwait_us");
    const double queries = pool_rate(before, now, name);
    pools.push_back(
        {queries,
         fmt::format("{:<24.24} {:>8} {:>6} {:>6} {:>6} {:>6} {:>6} {:>8}", name, brief(queries),
                     now.pools.number(row, "cl_active"), now.pools.number(row, "cl_waiting"),
                     now.pools.number(row, "sv_active"), now.pools.number(row, "sv_idle"),
                     now.pools.number(row, "sv_login"), wait == 0 ? "-" : time_text(wait))});
  }
  std::stable_sort(pools.begin(), pools.end(),
                   [](const PoolLine& a, const PoolLine& b) { return a.queries > b.queries; });
  for (std::size_t i = 0; i < std::min(pools.size(), room); ++i) lines.push_back(pools[i].text);
}

int64_t lane_sum(const Sample& now, const char* column) {
  int64_t sum = 0;
  for (std::size_t row = 0; row < now.lanes.rows.size(); ++row)
    sum += now.lanes.number(row, column);
  return sum;
}

void add_workers(Lines& lines, const Sample& before, const Sample& now, std::size_t room) {
  lines.push_back("");
  lines.push_back(fmt::format("{:<7} {:>7} {:<10} {:>8} {:>9} {:>7} {:>5} {:>5} {:>8}", "WORKER",
                              "PID", "STATE", "TASK/S", "PIPELINED", "RETRIED", "CONN", "BUSY",
                              "RESTARTS"));
  const double elapsed = std::max(now.at - before.at, 1e-6);
  for (std::size_t row = 0; row < std::min(now.workers.rows.size(), room); ++row) {
    const auto grown = [&](const char* column) {
      const int64_t then =
          row < before.workers.rows.size() ? before.workers.number(row, column) : 0;
      return static_cast<double>(now.workers.number(row, column) - then);
    };
    const double tasks = grown("tasks_claimed");
    const double share = tasks > 0 ? 100 * grown("tasks_pipelined") / tasks : 0;
    lines.push_back(
        fmt::format("{:<7} {:>7} {:<10} {:>8} {:>8.0f}% {:>7} {:>5} {:>5} {:>8}",
                    now.workers.cell(row, "worker"), now.workers.cell(row, "pid"),
                    now.workers.cell(row, "state"), brief(tasks / elapsed), share,
                    now.workers.cell(row, "tasks_retried"), now.workers.cell(row, "connections"),
                    now.workers.cell(row, "active"), now.workers.cell(row, "restarts")));
  }
  lines.push_back("");
  lines.push_back(fmt::format("lanes in use: {}, tasks queued: {}, room for {} more",
                              now.lanes.rows.size(), lane_sum(now, "depth"),
                              lane_sum(now, "room")));
}

}  // namespace

std::string draw_frame(const Sample& before, const Sample& now, const std::string& version,
                       std::size_t rows, std::size_t columns) {
  Lines lines;
  add_head(lines, before, now, version);
  // Eight lines of head, two headings, and what stands between and below them.
  const std::size_t room = rows > 14 ? rows - 14 : 1;
  const std::size_t workers = std::min(now.workers.rows.size(), std::max<std::size_t>(room / 2, 1));
  add_pools(lines, before, now, room > workers ? room - workers : 1);
  add_workers(lines, before, now, workers);
  std::string frame;
  for (std::size_t i = 0; i < std::min(lines.size(), rows); ++i) {
    frame.append(lines[i].substr(0, columns)).push_back('\n');
  }
  return frame;
}

std::string frame_to_json(const Sample& before, const Sample& now, const std::string& version) {
  std::string rates, latency;
  for (const auto& [name, unused] : now.totals) {
    if (name.find("_time") != std::string::npos) continue;
    rates += fmt::format("{}{}: {:.3f}", rates.empty() ? "" : ", ", json_text(name),
                         rate(before, now, name));
  }
  for (const char* time : kTimes) {
    latency += fmt::format("{}\"{}\": {{", latency.empty() ? "" : ", ", time);
    for (const double share : kShares) {
      const int64_t us = percentile(before, now, time, share);
      latency += fmt::format("{}\"p{:.0f}_us\": {}", share == kShares[0] ? "" : ", ", share * 100,
                             us < 0 ? "null" : std::to_string(us));
    }
    latency += "}";
  }
  return fmt::format(
      "{{\"version\": {}, \"per_second\": {{{}}}, \"latency\": {{{}}},\n \"pools\": {},\n "
      "\"lanes\": {},\n \"workers\": {}}}\n",
      json_text(version), rates, latency, to_json(now.pools), to_json(now.lanes),
      to_json(now.workers));
}

}  // namespace pgring::ctl
