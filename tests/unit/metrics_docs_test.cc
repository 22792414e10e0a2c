// The manual's list of metrics against the table, both ways. Run from the top of the tree.
#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "master/metrics_table.h"

namespace pgring {
namespace {

using Lines = std::vector<std::string>;

const std::string kManual = "man/pgring-metrics.7";

// The entries of the section METRICS and the lines that follow each.
std::map<std::string, Lines> documented_metrics() {
  std::ifstream file(kManual);
  REQUIRE_MESSAGE(file.good(), kManual);
  std::map<std::string, Lines> entries;
  Lines* current = nullptr;
  bool inside = false;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(".Sh ")) {
      inside = line == ".Sh METRICS";
    } else if (inside && line.starts_with(".It Ic ")) {
      CHECK_MESSAGE(!entries.contains(line.substr(7)), line);
      current = &entries[line.substr(7)];
    } else if (inside && current != nullptr) {
      current->push_back(line);
    }
  }
  return entries;
}

std::string kind_of(const Metric& metric) {
  constexpr const char* kWords[] = {"Counter", "Gauge", "Histogram", "Info"};
  const std::string word = kWords[static_cast<int>(metric.type)];
  return metric.unit.empty() ? word + "." : word + ", " + std::string(metric.unit) + ".";
}

bool says(const Lines& lines, const std::string& text) {
  return std::find(lines.begin(), lines.end(), text) != lines.end();
}

}  // namespace

TEST_CASE("manual: every metric with its type, unit, labels and meaning, and no other") {
  const auto entries = documented_metrics();
  std::set<std::string> names;
  for (const Metric& metric : kMetrics) {
    const std::string name = metric.sample_name();
    CHECK_MESSAGE(names.insert(name).second, name << " is twice in the table");
    const auto entry = entries.find(name);
    CHECK_MESSAGE(entry != entries.end(), name << " is not in " << kManual);
    if (entry == entries.end()) continue;
    const Lines& lines = entry->second;
    const std::string labels = "Labels: " + std::string(metric.labels) + ".";
    CHECK_MESSAGE(says(lines, kind_of(metric)), name << ": " << kind_of(metric));
    CHECK_MESSAGE(says(lines, labels) == !metric.labels.empty(), name << ": " << labels);
    CHECK_MESSAGE(says(lines, std::string(metric.help) + "."), name << ": " << metric.help);
  }
  for (const auto& [name, lines] : entries) {
    CHECK_MESSAGE(names.contains(name), name << " is in the manual but not in the table");
  }
}

TEST_CASE("metrics: names follow the conventions of both formats") {
  for (const Metric& metric : kMetrics) {
    const std::string name(metric.name);
    CHECK_MESSAGE(name.starts_with("pgring_"), name);
    CHECK_MESSAGE(
        name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string::npos, name);
    CHECK_MESSAGE((metric.unit.empty() || name.ends_with("_" + std::string(metric.unit))), name);
    for (const char* reserved : {"_total", "_info", "_bucket", "_sum", "_count", "_created"}) {
      CHECK_MESSAGE(!name.ends_with(reserved), name);
    }
  }
}

}  // namespace pgring
