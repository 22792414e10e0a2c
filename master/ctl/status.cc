// `pgringctl status`: one look for people and for monitoring.
#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "common/text_escape.h"
#include "master/ctl/commands.h"
#include "master/ctl/output.h"

namespace pgring::ctl {
namespace {

struct Status {
  int code = kOk;
  std::vector<std::string> problems;
  std::string version;
  int64_t workers = 0, workers_running = 0;
  int64_t clients_active = 0, clients_waiting = 0;
  int64_t servers_active = 0, servers_idle = 0, servers_login = 0;
  double longest_wait = 0;  // seconds

  void problem(int severity, std::string text) {
    code = std::max(code, severity);
    problems.push_back(std::move(text));
  }
};

void look_at_workers(const Answer& workers, Status& status) {
  for (std::size_t row = 0; row < workers.rows.size(); ++row) {
    const std::string state = workers.cell(row, "state");
    if (state == "stopped" || state == "stopping") continue;
    ++status.workers;
    if (state == "running") {
      ++status.workers_running;
    } else {
      status.problem(kWarning, fmt::format("worker {} is {}", workers.cell(row, "worker"), state));
    }
  }
  if (status.workers_running == 0) status.problem(kCritical, "no worker is running");
}

void look_at_pools(const Answer& pools, const Options& options, Status& status) {
  for (std::size_t row = 0; row < pools.rows.size(); ++row) {
    const std::string database = pools.cell(row, "database");
    if (database == "pgbouncer") continue;
    status.clients_active += pools.number(row, "cl_active");
    status.clients_waiting += pools.number(row, "cl_waiting");
    status.servers_active += pools.number(row, "sv_active");
    status.servers_idle += pools.number(row, "sv_idle");
    status.servers_login += pools.number(row, "sv_login");
    const double wait = static_cast<double>(pools.number(row, "maxwait")) +
                        static_cast<double>(pools.number(row, "maxwait_us")) / 1e6;
    status.longest_wait = std::max(status.longest_wait, wait);
    if (wait < options.warning_wait) continue;
    status.problem(wait < options.critical_wait ? kWarning : kCritical,
                   fmt::format("a client of {}/{} has waited {:.1f} s for a connection", database,
                               pools.cell(row, "user"), wait));
  }
}

void look_at_pauses(Connection& connection, Status& status) {
  if (connection.ask("SHOW STATE").find("key", "paused", "value") == "yes") {
    return status.problem(kWarning, "all databases are paused");
  }
  const Answer databases = connection.ask("SHOW DATABASES");
  for (std::size_t row = 0; row < databases.rows.size(); ++row) {
    for (const char* what : {"paused", "disabled"}) {
      if (databases.number(row, what) == 0) continue;
      status.problem(kWarning, fmt::format("database {} is {}", databases.cell(row, "name"), what));
    }
  }
}

const char* word_of(int code) {
  return code == kOk ? "ok" : code == kWarning ? "warning" : "critical";
}

void print_json(const Status& status) {
  std::string problems;
  for (const std::string& problem : status.problems) {
    problems.append(problems.empty() ? "" : ", ").append(json_text(problem));
  }
  fmt::print(
      "{{\"state\": {}, \"problems\": [{}], \"version\": {}, \"workers\": {}, "
      "\"workers_running\": {}, \"clients_active\": {}, \"clients_waiting\": {}, "
      "\"servers_active\": {}, \"servers_idle\": {}, \"servers_login\": {}, "
      "\"longest_wait\": {:.6f}}}\n",
      json_text(word_of(status.code)), problems, json_text(status.version), status.workers,
      status.workers_running, status.clients_active, status.clients_waiting, status.servers_active,
      status.servers_idle, status.servers_login, status.longest_wait);
}

void print_text(const Status& status) {
  fmt::print("{}: {}\n", status.version, word_of(status.code));
  for (const std::string& problem : status.problems) fmt::print("  ! {}\n", problem);
  fmt::print("  workers      {} of {} running\n", status.workers_running, status.workers);
  fmt::print("  clients      {} active or idle, {} waiting, longest wait {:.1f} s\n",
             status.clients_active, status.clients_waiting, status.longest_wait);
  fmt::print("  connections  {} active, {} idle, {} being opened\n", status.servers_active,
             status.servers_idle, status.servers_login);
}

}  // namespace

int run_status(const Options& options, Connection& connection) {
  Status status;
  status.version = connection.ask("SHOW VERSION").cell(0, "version");
  look_at_workers(connection.ask("SHOW WORKERS"), status);
  look_at_pools(connection.ask("SHOW POOLS"), options, status);
  look_at_pauses(connection, status);
  if (options.json) {
    print_json(status);
  } else {
    print_text(status);
  }
  return status.code;
}

}  // namespace pgring::ctl
