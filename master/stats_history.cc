// Reading, averaging and logging the counters.
#include "master/stats_history.h"

#include "common/log.h"

namespace pgring {

using enum StatCounter;

StatValues& StatValues::operator+=(const StatValues& other) {
  for (std::size_t i = 0; i < kStatCounters; ++i) values[i] += other.values[i];
  return *this;
}

StatValues read_stats(const Lane& lane) {
  const LaneStats& stats = lane.stats;
  const auto get = [](const std::atomic<uint64_t>& counter) {
    return counter.load(std::memory_order_relaxed);
  };
  StatValues read;
  read[kServerAssignments] = get(stats.server_assignments);
  read[kTransactions] = get(stats.transactions);
  read[kQueries] = get(stats.queries);
  read[kReceived] = get(stats.bytes_received);
  read[kSent] = get(stats.bytes_sent);
  read[kTransactionTime] = get(stats.transaction_us);
  read[kQueryTime] = get(stats.query_us);
  read[kWaitTime] = get(stats.wait_us);
  read[kClientParses] = get(stats.client_parses);
  for (const LaneShare& share : lane.shares) read[kServerParses] += get(share.server_parses);
  read[kBinds] = get(stats.binds);
  read[kClientLogins] = get(stats.client_logins);
  return read;
}

namespace {

// A lane that serves another pool now has begun anew.
uint64_t growth(uint64_t now, uint64_t before) { return now >= before ? now - before : now; }

}  // namespace

StatValues average(const StatValues& now, const StatValues& before, int64_t elapsed_us) {
  StatValues result;
  if (elapsed_us <= 0) return result;
  for (std::size_t i = 0; i < kStatCounters; ++i) {
    const uint64_t grown = growth(now.values[i], before.values[i]);
    uint64_t& value = result.values[i];
    const auto per = [&](StatCounter counter) {
      const uint64_t count = growth(now[counter], before[counter]);
      value = count == 0 ? 0 : grown / count;
    };
    switch (static_cast<StatCounter>(i)) {
      case kTransactionTime:
        per(kTransactions);
        break;
      case kQueryTime:
        per(kQueries);
        break;
      case kWaitTime:
        per(kServerAssignments);
        break;
      case kServerAssignments:
      case kTransactions:
      case kQueries:
      case kReceived:
      case kSent:
      case kClientParses:
      case kServerParses:
      case kBinds:
      case kClientLogins:
        value = grown * 1'000'000 / static_cast<uint64_t>(elapsed_us);
        break;
    }
  }
  return result;
}

StatsHistory::StatsHistory(SharedState state, int64_t now)
    : state_(state), older_at_(now), newer_at_(now) {}

void StatsHistory::tick(int64_t now, const Settings& settings) {
  if (now - newer_at_ < settings.stats_period.count()) return;
  older_ = newer_;
  older_at_ = newer_at_;
  const uint32_t lanes = state_.header->lane_count.load(std::memory_order_relaxed);
  for (uint32_t lane = 0; lane < lanes; ++lane) newer_[lane] = read_stats(state_.lanes[lane]);
  newer_at_ = now;
  if (settings.log_stats) log_period();
}

void StatsHistory::log_period() const {
  StatValues before, now;
  for (const StatValues& lane : older_) before += lane;
  for (const StatValues& lane : newer_) now += lane;
  const StatValues avg = average(now, before, newer_at_ - older_at_);
  log_info(
      "stats: {} xacts/s, {} queries/s, {} client parses/s, {} server parses/s, {} binds/s, "
      "{} client logins/s, in {} B/s, out {} B/s, xact {} us, query {} us, wait {} us",
      avg[kTransactions], avg[kQueries], avg[kClientParses], avg[kServerParses], avg[kBinds],
      avg[kClientLogins], avg[kReceived], avg[kSent], avg[kTransactionTime], avg[kQueryTime],
      avg[kWaitTime]);
}

}  // namespace pgring
