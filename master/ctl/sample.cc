// Reading samples and taking differences.
#include "master/ctl/sample.h"

#include "common/clock.h"

namespace pgring::ctl {
namespace {

int64_t value_of(const std::map<std::string, int64_t>& values, const std::string& name) {
  const auto found = values.find(name);
  return found == values.end() ? 0 : found->second;
}

}  // namespace

Sample take_sample(Connection& connection) {
  Sample sample;
  sample.pools = connection.ask("SHOW POOLS");
  sample.lanes = connection.ask("SHOW LANES");
  sample.workers = connection.ask("SHOW WORKERS");
  const Answer totals = connection.ask("SHOW STATS_TOTALS");
  const Answer histograms = connection.ask("SHOW HISTOGRAMS");
  sample.at = static_cast<double>(monotonic_us()) / 1e6;
  for (std::size_t row = 0; row < totals.rows.size(); ++row) {
    for (const Answer::Column& column : totals.columns) {
      if (column.number) sample.totals[column.name] += totals.number(row, column.name);
    }
  }
  for (std::size_t row = 0; row < histograms.rows.size(); ++row) {
    sample.times[histograms.cell(row, "time")][histograms.number(row, "below_us")] +=
        histograms.number(row, "count");
  }
  for (std::size_t row = 0; row < sample.lanes.rows.size(); ++row) {
    const std::string pool =
        sample.lanes.cell(row, "database") + "/" + sample.lanes.cell(row, "user");
    sample.queries_by_pool[pool] += sample.lanes.number(row, "queries");
  }
  return sample;
}

double rate(const Sample& before, const Sample& now, const std::string& counter) {
  const double elapsed = now.at - before.at;
  if (elapsed <= 0) return 0;
  const int64_t grown = value_of(now.totals, counter) - value_of(before.totals, counter);
  return static_cast<double>(grown) / elapsed;
}

// Linear within the bucket, whose bounds are a factor of two apart.
int64_t percentile(const Sample& before, const Sample& now, const std::string& time, double share) {
  Histogram grown = now.times.count(time) ? now.times.at(time) : Histogram{};
  if (const auto old = before.times.find(time); old != before.times.end()) {
    for (const auto& [bound, count] : old->second) grown[bound] -= count;
  }
  int64_t all = 0;
  for (const auto& [bound, count] : grown) all += count;
  if (all <= 0) return -1;
  const double wanted = share * static_cast<double>(all);
  double below = 0;
  for (const auto& [bound, count] : grown) {
    const auto here = static_cast<double>(count);
    if (here > 0 && below + here >= wanted) {
      const double from = bound <= 2 ? 0 : static_cast<double>(bound) / 2;
      return static_cast<int64_t>(from +
                                  (static_cast<double>(bound) - from) * (wanted - below) / here);
    }
    below += here;
  }
  return grown.rbegin()->first;
}

}  // namespace pgring::ctl
