// Counting ended units. Only the master writes these counters: no locked instruction is needed.
#include "master/unit_stats.h"

#include <algorithm>
#include <bit>

namespace pgring {
namespace {

void add(std::atomic<uint64_t>& counter, uint64_t by) {
  counter.store(counter.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
}

void record(LatencyHistogram& histogram, uint64_t us) {
  const auto bucket = std::min<uint32_t>(us < 2 ? 0 : static_cast<uint32_t>(std::bit_width(us)) - 1,
                                         kHistogramBuckets - 1);
  add(histogram.buckets[bucket], 1);
  add(histogram.sum_us, us);
}

}  // namespace

// Waiting is waiting for a connection: what a linked client's unit spends between the processes is
// counted with the query. A transaction's time includes its idle times.
void count_unit(LaneStats& stats, Client& client, int64_t now, const EndedUnit& unit) {
  const auto total = static_cast<uint64_t>(std::max<int64_t>(now - client.unit_began_at, 0));
  const uint64_t server = std::min<uint64_t>(unit.server_us, total);
  add(stats.queries, 1);
  add(stats.query_us, server);
  if (unit.assigned) {
    add(stats.server_assignments, 1);
    add(stats.wait_us, total - server);
  }
  if (client.transaction_began_at == 0) {
    client.transaction_began_at = now - static_cast<int64_t>(server);
  }
  if (client.status == 'I') {
    add(stats.transactions, 1);
    add(stats.transaction_us, static_cast<uint64_t>(now - client.transaction_began_at));
    client.transaction_began_at = 0;
  }
  if (client.unit_failed) add(stats.errors, 1);
  record(stats.queue, total - server);
  record(stats.server, server);
  record(stats.total, total);
}

}  // namespace pgring
