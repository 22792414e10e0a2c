// Adding up, and percentiles.
#include "master/latency_buckets.h"

namespace pgring {

void LatencyBuckets::add(const LatencyHistogram& histogram) {
  for (uint32_t i = 0; i < kHistogramBuckets; ++i) {
    const uint64_t here = histogram.buckets[i].load(std::memory_order_relaxed);
    counts[i] += here;
    count += here;
  }
  sum_us += histogram.sum_us.load(std::memory_order_relaxed);
}

LatencyBuckets& LatencyBuckets::operator+=(const LatencyBuckets& other) {
  for (uint32_t i = 0; i < kHistogramBuckets; ++i) counts[i] += other.counts[i];
  count += other.count;
  sum_us += other.sum_us;
  return *this;
}

// A lane that serves another pool now has begun anew: its counts are those of the new one.
LatencyBuckets LatencyBuckets::since(const LatencyBuckets& before) const {
  LatencyBuckets grown;
  for (uint32_t i = 0; i < kHistogramBuckets; ++i) {
    if (counts[i] < before.counts[i]) return *this;
    grown.counts[i] = counts[i] - before.counts[i];
    grown.count += grown.counts[i];
  }
  grown.sum_us = sum_us >= before.sum_us ? sum_us - before.sum_us : 0;
  return grown;
}

uint64_t LatencyBuckets::percentile(double share) const {
  const double wanted = share * static_cast<double>(count);
  double below = 0;
  for (uint32_t i = 0; i < kHistogramBuckets; ++i) {
    const auto here = static_cast<double>(counts[i]);
    if (here > 0 && below + here >= wanted) {
      const double from = i == 0 ? 0 : static_cast<double>(uint64_t{1} << i);
      const auto to = static_cast<double>(uint64_t{2} << i);
      return static_cast<uint64_t>(from + (to - from) * (wanted - below) / here);
    }
    below += here;
  }
  return 0;
}

}  // namespace pgring
