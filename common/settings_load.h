// From the configuration file to Settings, and what is to be known of a change.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/settings.h"
#include "common/settings_diagnostic.h"

namespace pgring {

// With errors, `settings` holds what could be understood and must not be used to run.
struct LoadResult {
  Settings settings;
  Diagnostics errors;
  Diagnostics warnings;
  bool ok() const { return errors.empty(); }
};

// Reads the file and all it includes; collects every problem. Never throws for what a file holds.
LoadResult load_settings(const std::string& path);
Settings default_settings();

// The level -v and `verbose` together leave of log_level: 1 shows debug, 2 and more noise.
LogLevel effective_log_level(const Settings& settings);

// Names of settings that differ and that a reload cannot change.
std::vector<std::string> changes_needing_restart(const Settings& running, const Settings& loaded);
// Takes these back: `loaded` gets the running values.
void keep_until_restart(const Settings& running, Settings& loaded);

// SHOW CONFIG: one row per setting, in alphabetical order.
struct SettingRow {
  std::string_view name;
  std::string value;
  std::string_view default_text;
  bool changeable;  // by a reload
};
std::vector<SettingRow> show_settings(const Settings& settings);

}  // namespace pgring
