// The two verdicts.
#include "master/status_health.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "common/text_escape.h"

namespace pgring {
namespace {

// The master gives a sign of life twice a second; on a machine out of breath it may be late.
constexpr uint64_t kLongestSilence = 5'000'000;

void fail(Verdict& verdict, const std::string& reason) {
  verdict.ok = false;
  verdict.text += reason + "\n";
}

}  // namespace

Verdict check_health(const Snapshot& snapshot) {
  Verdict verdict;
  const ServerSnapshot& server = snapshot.server;
  const auto running = std::count_if(snapshot.workers.begin(), snapshot.workers.end(),
                                     [](const WorkerSnapshot& worker) { return worker.pid != 0; });
  if (server.tick_age_us > kLongestSilence) {
    fail(verdict, fmt::format("the master has given no sign of life for {} s",
                              server.tick_age_us / 1000000));
  }
  if (running == 0) fail(verdict, "no worker runs");
  if (verdict.ok) verdict.text = "ok\n";
  fmt::format_to(std::back_inserter(verdict.text), "{} of {} workers run\n", running,
                 server.workers_wanted);
  if (server.logger_pid == 0) verdict.text += "the logger is being restarted\n";
  return verdict;
}

Verdict check_readiness(const Snapshot& snapshot) {
  Verdict verdict = check_health(snapshot);
  if (verdict.ok) verdict.text.clear();
  if (snapshot.server.stopping) fail(verdict, "shutting down");
  const auto& pools = snapshot.pools;
  const auto is_paused = [](const PoolSnapshot& pool) { return pool.paused; };
  const auto is_up = [](const PoolSnapshot& pool) { return pool.reachable; };
  if (snapshot.server.paused) {
    fail(verdict, "all databases are paused");
  } else if (!pools.empty() && std::all_of(pools.begin(), pools.end(), is_paused)) {
    fail(verdict, "every database in use is paused");
  }
  if (!pools.empty() && std::none_of(pools.begin(), pools.end(), is_up)) {
    fail(verdict, "no database can be reached");
    for (const PoolSnapshot& pool : pools) {
      verdict.text += fmt::format("  {} as user {}: login failed\n", label_text(pool.database),
                                  label_text(pool.user));
    }
  }
  if (verdict.ok) verdict.text = "ok\n";
  return verdict;
}

}  // namespace pgring
