// SHOW POOLS, LATENCY, HISTOGRAMS: by database and user. Lanes that differ in nothing but startup
// parameters are one row, since dashboards know a pool by these two names.
#include <map>

#include "common/settings_value.h"
#include "master/admin_show.h"
#include "master/client_census.h"
#include "master/latency_buckets.h"

namespace pgring {
namespace {

struct PoolRow {
  const Pool* pool = nullptr;
  LaneCensus clients;
  uint32_t active = 0;
  uint32_t idle = 0;
  uint32_t login = 0;
  uint32_t canceling = 0;  // counted in `active` as well, until they are taken out
};

using PoolName = std::pair<std::string, std::string>;

PoolName name_of(const Pool& pool) { return {pool.key.database, pool.key.user}; }

// By lane: connections whose statement is being cancelled.
std::vector<uint32_t> count_cancels(const SharedState& state) {
  std::vector<uint32_t> lanes(kMaxLanes);
  for (uint32_t worker = 1; worker <= state.header->worker_count; ++worker) {
    for (const BackendKey& backend : state.workers[worker].backends) {
      if (backend.pid.load(std::memory_order_acquire) == 0 || backend.lane >= kMaxLanes) continue;
      if (backend.state.load(std::memory_order_relaxed) != BackendState::kBeingCanceled) continue;
      ++lanes[backend.lane];
    }
  }
  return lanes;
}

void add_lane(PoolRow& row, const Lane& lane, const LaneCensus& clients) {
  for (const LaneShare& share : lane.shares) {
    row.active += share.active.load(std::memory_order_relaxed);
    row.idle += share.idle.load(std::memory_order_relaxed);
    row.login += share.logging_in.load(std::memory_order_relaxed);
  }
  row.clients.active += clients.active;
  row.clients.idle += clients.idle;
  row.clients.waiting += clients.waiting;
  const int64_t since = clients.oldest_waiting_since;
  int64_t& oldest = row.clients.oldest_waiting_since;
  if (since != 0 && (oldest == 0 || since < oldest)) oldest = since;
}

uint32_t count_consoles(const ClientTable& clients) {
  uint32_t count = 0;
  for (const auto& client : clients) count += client->console && client->fd ? 1 : 0;
  return count;
}

// By pool and time.
std::map<PoolName, std::map<std::string, LatencyBuckets>> read_histograms(Context& context) {
  std::map<PoolName, std::map<std::string, LatencyBuckets>> pools;
  for (const auto& [key, pool] : context.pools.all()) {
    for (const LatencyTime& time : kLatencyTimes) {
      pools[name_of(pool)][time.name].add(context.state.lanes[pool.lane].stats.*time.histogram);
    }
  }
  return pools;
}

}  // namespace

void show_pools(AdminCall& call) {
  Context& context = call.services.context;
  const auto& clients = call.services.frontend.all();
  const std::vector<LaneCensus> census = count_clients(clients, context);
  const std::vector<uint32_t> cancels = count_cancels(context.state);
  std::map<PoolName, PoolRow> rows;
  for (const auto& [key, pool] : context.pools.all()) {
    PoolRow& row = rows[name_of(pool)];
    row.pool = &pool;
    row.canceling += cancels[pool.lane];
    add_lane(row, context.state.lanes[pool.lane], census[pool.lane]);
  }
  for (const auto& [name, row] : rows) {
    const int64_t since = row.clients.oldest_waiting_since;
    const int64_t wait = since == 0 ? 0 : std::max<int64_t>(context.now - since, 0);
    const uint32_t active = row.active - std::min(row.canceling, row.active);
    call.table.row(name.first, name.second, row.clients.active + row.clients.idle,
                   row.clients.waiting, 0, 0, active, 0, row.canceling, row.idle, 0, 0, row.login,
                   wait / 1000000, wait % 1000000, format_value(row.pool->mode, {}), std::nullopt);
  }
  call.table.row("pgbouncer", "pgbouncer", count_consoles(clients), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
                 0, "statement", std::nullopt);
}

void show_latency(AdminCall& call) {
  for (const auto& [name, times] : read_histograms(call.services.context)) {
    for (const auto& [time, buckets] : times) {
      call.table.row(name.first, name.second, time, buckets.count,
                     buckets.count == 0 ? 0 : buckets.sum_us / buckets.count,
                     buckets.percentile(0.5), buckets.percentile(0.95), buckets.percentile(0.99),
                     buckets.percentile(0.999));
    }
  }
}

void show_histograms(AdminCall& call) {
  for (const auto& [name, times] : read_histograms(call.services.context)) {
    for (const auto& [time, buckets] : times) {
      for (uint32_t i = 0; i < kHistogramBuckets; ++i) {
        if (buckets.counts[i] == 0) continue;
        call.table.row(name.first, name.second, time, uint64_t{2} << i, buckets.counts[i]);
      }
    }
  }
}

}  // namespace pgring
