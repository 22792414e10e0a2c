// Settings seen from outside: SHOW CONFIG and what a reload could not change.
#include <algorithm>

#include "common/settings_load.h"
#include "common/settings_table.h"

namespace pgring {

LogLevel effective_log_level(const Settings& settings) {
  const int verbose = settings.verbose + settings.start_options.verbose;
  if (verbose >= 2) return LogLevel::kNoise;
  if (verbose == 1) return std::min(settings.log_level, LogLevel::kDebug);
  return settings.log_level;
}

std::vector<std::string> changes_needing_restart(const Settings& running, const Settings& loaded) {
  std::vector<std::string> names;
  for (const auto& row : kSettings) {
    if (row.change != Change::kRestart || row.origin == Origin::kNoMeaning) continue;
    if (row.format(running, row.limits) != row.format(loaded, row.limits)) {
      names.emplace_back(row.name);
    }
  }
  return names;
}

void keep_until_restart(const Settings& running, Settings& loaded) {
  for (const auto& row : kSettings) {
    if (row.change != Change::kRestart || row.origin == Origin::kNoMeaning) continue;
    row.parse(loaded, row.format(running, row.limits), row.limits);
  }
}

std::vector<SettingRow> show_settings(const Settings& settings) {
  std::vector<SettingRow> rows;
  for (const auto& row : kSettings) {
    rows.push_back({row.name, row.format(settings, row.limits), row.default_text,
                    row.change == Change::kReload && row.origin != Origin::kNoMeaning});
  }
  return rows;
}

}  // namespace pgring
