// The text formats.
#include "master/metrics.h"

#include <fmt/format.h>

#include <iterator>

#include "common/text_escape.h"
#include "master/metrics_table.h"

namespace pgring {
namespace {

// Upper bounds of the buckets shown: 2^5 us to 2^26 us, which is 67 s. What is finer than that
// costs more series than it tells.
constexpr uint32_t kFirstBound = 5;
constexpr uint32_t kLastBound = 26;

std::string_view type_word(MetricType type, MetricFormat format) {
  switch (type) {
    case MetricType::kCounter:
      return "counter";
    case MetricType::kGauge:
      return "gauge";
    case MetricType::kHistogram:
      return "histogram";
    case MetricType::kInfo:
      return format == MetricFormat::kOpenMetrics ? "info" : "gauge";
  }
  return "unknown";
}

std::string_view suffix_of(MetricType type) {
  switch (type) {
    case MetricType::kCounter:
      return "_total";
    case MetricType::kInfo:
      return "_info";
    case MetricType::kGauge:
    case MetricType::kHistogram:
      return "";
  }
  return "";
}

std::string in_seconds(uint64_t us) { return fmt::format("{}.{:06}", us / 1000000, us % 1000000); }

}  // namespace

std::string Metric::sample_name() const { return fmt::format("{}{}", name, suffix_of(type)); }

// OpenMetrics describes the family, the older format the name of its samples.
void MetricWriter::add_head(const Metric& metric) {
  const bool open = format_ == MetricFormat::kOpenMetrics;
  const std::string name = open ? std::string(metric.name) : metric.sample_name();
  const auto out = std::back_inserter(text_);
  if (!open) fmt::format_to(out, "# HELP {} {}\n", name, metric.help);
  fmt::format_to(out, "# TYPE {} {}\n", name, type_word(metric.type, format_));
  if (open && !metric.unit.empty()) fmt::format_to(out, "# UNIT {} {}\n", name, metric.unit);
  if (open) fmt::format_to(out, "# HELP {} {}\n", name, metric.help);
}

void MetricWriter::write(const Metric& metric, const Snapshot& snapshot) {
  metric_ = &metric;
  add_head(metric);
  metric.collect(snapshot, *this);
}

void MetricWriter::add(Labels labels, uint64_t value) {
  add_sample(suffix_of(metric_->type), labels, "", value, metric_->unit == "seconds");
}

void MetricWriter::add(Labels labels, const LatencyBuckets& buckets) {
  uint64_t below = 0;
  for (uint32_t bound = 1; bound <= kLastBound; ++bound) {
    below += buckets.counts[bound - 1];  // this one ends at 2^bound us
    if (bound < kFirstBound) continue;
    const std::string le = fmt::format("le=\"{}\"", in_seconds(uint64_t{1} << bound));
    add_sample("_bucket", labels, le, below, false);
  }
  add_sample("_bucket", labels, "le=\"+Inf\"", buckets.count, false);
  add_sample("_sum", labels, "", buckets.sum_us, true);
  add_sample("_count", labels, "", buckets.count, false);
}

void MetricWriter::add_sample(std::string_view suffix, Labels labels, std::string_view more,
                              uint64_t value, bool scaled) {
  text_.append(metric_->name).append(suffix);
  char separator = '{';
  for (const Label& label : labels) {
    text_.push_back(separator);
    text_.append(label.name).append("=\"").append(label_text(label.value)).append("\"");
    separator = ',';
  }
  if (!more.empty()) {
    text_.push_back(separator);
    text_.append(more);
    separator = ',';
  }
  if (separator == ',') text_.push_back('}');
  fmt::format_to(std::back_inserter(text_), " {}\n",
                 scaled ? in_seconds(value) : std::to_string(value));
}

std::string MetricWriter::finish() {
  if (format_ == MetricFormat::kOpenMetrics) text_ += "# EOF\n";
  return std::move(text_);
}

std::string write_metrics(const Snapshot& snapshot, MetricFormat format) {
  MetricWriter writer(format);
  for (const Metric& metric : kMetrics) writer.write(metric, snapshot);
  return writer.finish();
}

}  // namespace pgring
