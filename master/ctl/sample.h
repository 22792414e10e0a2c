// What `pgringctl top` reads at one moment, and what lies between two of them.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>

#include "master/ctl/connection.h"

namespace pgring::ctl {

// Statements by the upper bound of their time in microseconds.
using Histogram = std::map<int64_t, int64_t>;

struct Sample {
  double at = 0;  // seconds, monotonic
  Answer pools, lanes, workers;
  std::map<std::string, int64_t> totals;           // of SHOW STATS_TOTALS, over all databases
  std::map<std::string, Histogram> times;          // "queue", "server", "total"
  std::map<std::string, int64_t> queries_by_pool;  // "database/user"
};

Sample take_sample(Connection& connection);

// The growth of a counter per second.
double rate(const Sample& before, const Sample& now, const std::string& counter);
// Of what was counted between the two; -1 where that is nothing.
int64_t percentile(const Sample& before, const Sample& now, const std::string& time, double share);

}  // namespace pgring::ctl
