// RELOAD and SET: new settings are made whole and checked, then they replace the old ones.
#include <fmt/format.h>

#include "common/log.h"
#include "common/settings_load.h"
#include "common/settings_sections.h"
#include "common/settings_table.h"
#include "master/capacity.h"
#include "master/logger_config.h"
#include "master/master.h"

namespace pgring {

std::optional<AdminError> Master::reload() {
  manager_.reloading();
  std::optional<AdminError> error = reload_settings();
  manager_.ready(error ? "serving with the old settings: the reload failed, see the log"
                       : "serving");
  return error;
}

std::optional<AdminError> Master::reload_settings() {
  LoadResult loaded = load_settings(context_.settings.conffile);
  for (const Diagnostic& warning : loaded.warnings) log_warning("{}", warning.format());
  if (!loaded.ok()) {
    AdminError error{"F0000", "reload failed: the settings stay as they were", "", ""};
    for (const Diagnostic& mistake : loaded.errors) {
      log_error("{}", mistake.format());
      error.detail.append(error.detail.empty() ? "" : "\n").append(mistake.format());
    }
    log_error("{}", error.message);
    return error;
  }
  if (const auto failure = status_.move_to(loaded.settings.metrics_listen)) {
    log_error("{}", *failure);
    log_error("reload failed: the settings stay as they were");
    return AdminError{"F0000", "reload failed: the settings stay as they were", *failure, ""};
  }
  loaded.settings.start_options = context_.settings.start_options;
  for (const std::string& name : changes_needing_restart(context_.settings, loaded.settings)) {
    log_warning("{} cannot be changed without a restart: it stays as it was", name);
  }
  keep_until_restart(context_.settings, loaded.settings);
  apply(std::move(loaded.settings));
  log_info("reloaded {}", context_.settings.conffile);
  return std::nullopt;
}

std::optional<AdminError> Master::set_setting(const std::string& name, const std::string& value) {
  const auto* row = find_entry(kSettings, name);
  if (!row) {
    std::vector<std::string_view> names;
    for (const auto& known : kSettings) names.push_back(known.name);
    return AdminError{"42704",
                      fmt::format("unknown setting {}{}", in_quotes(name), suggestion(name, names)),
                      "", "SHOW CONFIG lists all settings."};
  }
  if (row->change == Change::kRestart || row->origin == Origin::kNoMeaning) {
    return AdminError{"55P02", fmt::format("\"{}\" cannot be changed while pgring runs", name), "",
                      "SHOW CONFIG tells which settings are changeable."};
  }
  LoadResult changed;
  changed.settings = context_.settings;
  if (!row->parse(changed.settings, value, row->limits)) {
    return AdminError{"22023", fmt::format("bad value {} for \"{}\"", in_quotes(value), name), "",
                      fmt::format("Expected {}.", row->describe(row->limits))};
  }
  check_settings(std::vector<IniLine>(kSettings.size()), changed);
  if (!changed.ok()) return AdminError{"22023", changed.errors.front().text, "", ""};
  if (const auto failure = status_.move_to(changed.settings.metrics_listen)) {
    return AdminError{"55000", *failure, "", ""};
  }
  apply(std::move(changed.settings));
  log_info("SET {} = {}: until the next reload", name, row->format(context_.settings, row->limits));
  return std::nullopt;
}

// What workers need to know that belongs to no lane.
void Master::publish_shared_settings() {
  context_.state.header->cancel_wait_timeout_us.store(context_.settings.cancel_wait_timeout.count(),
                                                      std::memory_order_relaxed);
}

void Master::apply(Settings&& settings) {
  context_.settings = std::move(settings);
  publish_shared_settings();
  context_.pools.reload(context_.settings);
  set_log_level(effective_log_level(context_.settings));
  logger_.reload(log_config_from(context_.settings));
  supervisor_.set_count(worker_count(context_.settings));
  dispatcher_.alert_all();
}

}  // namespace pgring
