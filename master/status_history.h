// The last minutes for the status page's charts, and the rates of the last step. In the status
// process only.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <utility>

#include "master/status_snapshot.h"

namespace pgring {

struct StatusPoint {
  double queries = 0, transactions = 0;  // per second
  double bytes_in = 0, bytes_out = 0;    // per second, from and to clients
  uint32_t clients = 0, active = 0, waiting = 0, servers = 0;
  // Of what ended within the step, in microseconds.
  uint64_t p50 = 0, p95 = 0, p99 = 0;
  uint64_t queue_p99 = 0, server_p99 = 0;
};

class StatusHistory {
 public:
  static constexpr int64_t kStep = 2'000'000;  // microseconds
  static constexpr std::size_t kPoints = 150;

  // Once per step.
  void add(const Snapshot& snapshot);

  const std::deque<StatusPoint>& points() const { return points_; }
  // Per second during the last step.
  double pool_rate(const PoolSnapshot& pool) const;
  double worker_rate(uint32_t worker) const;

 private:
  struct Pool {
    uint64_t queries = 0, transactions = 0, bytes_in = 0, bytes_out = 0;
    LatencyBuckets queue, server, total;
    double rate = 0;
  };
  struct Worker {
    uint64_t tasks = 0;
    double rate = 0;
  };
  Pool compare(const PoolSnapshot& pool, StatusPoint& point, double seconds);

  std::deque<StatusPoint> points_;
  int64_t last_at_ = 0;
  std::map<std::pair<std::string, std::string>, Pool> pools_;
  std::map<uint32_t, Worker> workers_;
  LatencyBuckets queue_, server_, total_;  // of the step
};

}  // namespace pgring
