// Differences between snapshots.
#include "master/status_history.h"

namespace pgring {
namespace {

// A counter that fell has begun anew.
uint64_t growth(uint64_t now, uint64_t before) { return now >= before ? now - before : now; }

double per_second(uint64_t now, uint64_t before, double seconds) {
  return seconds <= 0 ? 0 : static_cast<double>(growth(now, before)) / seconds;
}

}  // namespace

// Adds what the pool has done since the last step to `point`.
StatusHistory::Pool StatusHistory::compare(const PoolSnapshot& pool, StatusPoint& point,
                                           double seconds) {
  const Pool before = pools_[{pool.database, pool.user}];
  Pool now{pool.stats[StatCounter::kQueries],
           pool.stats[StatCounter::kTransactions],
           pool.stats[StatCounter::kReceived],
           pool.stats[StatCounter::kSent],
           pool.queue,
           pool.server,
           pool.total};
  now.rate = per_second(now.queries, before.queries, seconds);
  point.queries += now.rate;
  point.transactions += per_second(now.transactions, before.transactions, seconds);
  point.bytes_in += per_second(now.bytes_in, before.bytes_in, seconds);
  point.bytes_out += per_second(now.bytes_out, before.bytes_out, seconds);
  queue_ += now.queue.since(before.queue);
  server_ += now.server.since(before.server);
  total_ += now.total.since(before.total);
  point.active += pool.clients_active;
  point.waiting += pool.clients_waiting;
  point.clients += pool.clients_active + pool.clients_idle + pool.clients_waiting;
  point.servers += pool.servers_active + pool.servers_idle + pool.servers_canceling;
  return now;
}

void StatusHistory::add(const Snapshot& snapshot) {
  const double seconds =
      last_at_ == 0 ? 0 : static_cast<double>(snapshot.taken_at - last_at_) / 1e6;
  StatusPoint point;
  std::map<std::pair<std::string, std::string>, Pool> pools;
  queue_ = server_ = total_ = {};
  for (const PoolSnapshot& pool : snapshot.pools) {
    pools[{pool.database, pool.user}] = compare(pool, point, seconds);
  }
  pools_ = std::move(pools);
  for (const WorkerSnapshot& worker : snapshot.workers) {
    Worker& before = workers_[worker.number];
    before = {worker.tasks_claimed, per_second(worker.tasks_claimed, before.tasks, seconds)};
  }
  point.p50 = total_.percentile(0.5);
  point.p95 = total_.percentile(0.95);
  point.p99 = total_.percentile(0.99);
  point.queue_p99 = queue_.percentile(0.99);
  point.server_p99 = server_.percentile(0.99);
  // The first look has nothing to compare with.
  if (last_at_ != 0) points_.push_back(point);
  if (points_.size() > kPoints) points_.pop_front();
  last_at_ = snapshot.taken_at;
}

double StatusHistory::pool_rate(const PoolSnapshot& pool) const {
  const auto found = pools_.find({pool.database, pool.user});
  return found == pools_.end() ? 0 : found->second.rate;
}

double StatusHistory::worker_rate(uint32_t worker) const {
  const auto found = workers_.find(worker);
  return found == workers_.end() ? 0 : found->second.rate;
}

}  // namespace pgring
