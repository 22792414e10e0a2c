// Histograms of latency read from shared memory, added up over lanes, and their percentiles.
#pragma once

#include <array>
#include <cstdint>

#include "common/shared_state.h"

namespace pgring {

// The times that are kept of every statement.
struct LatencyTime {
  const char* name;
  LatencyHistogram LaneStats::*histogram;
};
inline constexpr LatencyTime kLatencyTimes[] = {
    {"queue", &LaneStats::queue}, {"server", &LaneStats::server}, {"total", &LaneStats::total}};

// Buckets as in LatencyHistogram.
struct LatencyBuckets {
  std::array<uint64_t, kHistogramBuckets> counts{};
  uint64_t count = 0;
  uint64_t sum_us = 0;

  void add(const LatencyHistogram& histogram);
  LatencyBuckets& operator+=(const LatencyBuckets& other);
  // What has been counted since `before`.
  LatencyBuckets since(const LatencyBuckets& before) const;
  // In microseconds, linear within the bucket: at most a factor of two from the truth. 0 where
  // nothing has been counted.
  uint64_t percentile(double share) const;
};

}  // namespace pgring
