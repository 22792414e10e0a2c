// The counters of each lane as they were one and two periods ago, from which averages are made, and
// the log line of each period. An average spans, as in PgBouncer, the last whole period and what
// has passed of the present one.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "common/settings.h"
#include "common/shared_state.h"

namespace pgring {

enum class StatCounter : uint8_t {
  kServerAssignments,
  kTransactions,
  kQueries,
  kReceived,
  kSent,
  kTransactionTime,
  kQueryTime,
  kWaitTime,
  kClientParses,
  kServerParses,
  kBinds,
  kClientLogins,
};
constexpr std::size_t kStatCounters = 12;

// One value per StatCounter, in the order of SHOW STATS. Times in microseconds.
struct StatValues {
  std::array<uint64_t, kStatCounters> values{};
  uint64_t& operator[](StatCounter counter) { return values[static_cast<std::size_t>(counter)]; }
  uint64_t operator[](StatCounter counter) const {
    return values[static_cast<std::size_t>(counter)];
  }
  StatValues& operator+=(const StatValues& other);
};

StatValues read_stats(const Lane& lane);
// Counts and bytes per second; times per transaction, query and assignment.
StatValues average(const StatValues& now, const StatValues& before, int64_t elapsed_us);

class StatsHistory {
 public:
  StatsHistory(SharedState state, int64_t now);

  // Turns the period over when it has passed; logs a line then if `settings` asks for it.
  void tick(int64_t now, const Settings& settings);

  StatValues before(uint32_t lane) const { return older_[lane]; }
  // Between before() and `now`.
  int64_t elapsed(int64_t now) const { return now - older_at_; }

 private:
  void log_period() const;

  SharedState state_;
  std::vector<StatValues> older_{kMaxLanes}, newer_{kMaxLanes};
  int64_t older_at_, newer_at_;
};

}  // namespace pgring
