// Prometheus' text format 0.0.4 and OpenMetrics 1.0.0, written from the table in metrics_table.h.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "master/status_snapshot.h"

namespace pgring {

enum class MetricType : uint8_t { kCounter, kGauge, kHistogram, kInfo };
enum class MetricFormat : uint8_t { kPrometheus, kOpenMetrics };

class MetricWriter;

struct Metric {
  std::string_view name;  // without the samples' suffixes: _total, _info, _bucket
  MetricType type;
  std::string_view unit;    // also the name's last word; empty: a plain number
  std::string_view labels;  // "database, user"
  std::string_view help;
  void (*collect)(const Snapshot&, MetricWriter&);

  // As it stands in queries: counters with _total, infos with _info, histograms without a suffix.
  std::string sample_name() const;
};

struct Label {
  std::string_view name;
  std::string_view value;
};
using Labels = std::initializer_list<Label>;

// What a metric's collect() adds its samples to. Values of a metric in seconds are given in
// microseconds.
class MetricWriter {
 public:
  explicit MetricWriter(MetricFormat format) : format_(format) {}

  void write(const Metric& metric, const Snapshot& snapshot);
  void add(Labels labels, uint64_t value);
  void add(Labels labels, const LatencyBuckets& buckets);
  // Ends the text.
  std::string finish();

 private:
  void add_head(const Metric& metric);
  void add_sample(std::string_view suffix, Labels labels, std::string_view more, uint64_t value,
                  bool scaled);

  MetricFormat format_;
  const Metric* metric_ = nullptr;
  std::string text_;
};

// All of them. The version is that of the program.
std::string write_metrics(const Snapshot& snapshot, MetricFormat format);

}  // namespace pgring
