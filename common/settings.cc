// Reads a configuration file into Settings, section by section, collecting every problem.
#include <fmt/format.h>

#include <cstddef>
#include <utility>

#include "common/ini_reader.h"
#include "common/settings_load.h"
#include "common/settings_sections.h"
#include "common/settings_table.h"

namespace pgring {
namespace {

bool is_main_section(std::string_view name) { return name == "pgring" || name == "pgbouncer"; }

class Loader {
 public:
  LoadResult load(const std::string& path) {
    result_.settings = default_settings();
    IniContent content = read_ini(path);
    result_.errors = std::move(content.errors);
    const bool unread = content.lines.empty() && !result_.errors.empty();
    for (const IniLine& line : content.lines) {
      if (line.key.empty()) {
        heading(line);
      } else {
        assignment(line);
      }
    }
    if (!main_seen_ && !unread) {
      result_.errors.push_back({path, 0, "there is no section [pgring] or [pgbouncer]"});
    }
    result_.settings.conffile = path;
    if (main_seen_) check_settings(lines_, path);
    return std::move(result_);
  }

 private:
  void check_settings(std::vector<IniLine>& lines, const std::string& path) {
    for (IniLine& line : lines) {
      if (line.line == 0) line.file = path;
    }
    pgring::check_settings(lines, result_);
  }

  void error(const IniLine& at, std::string text) {
    result_.errors.push_back({at.file, at.line, std::move(text)});
  }
  void warning(const IniLine& at, std::string text) {
    result_.warnings.push_back({at.file, at.line, std::move(text)});
  }

  void heading(const IniLine& line) {
    if (is_main_section(line.section)) {
      main_seen_ = true;
    } else if (line.section == "peers") {
      if (!std::exchange(peers_seen_, true)) {
        warning(line,
                "[peers] is accepted, but has no meaning here: "
                "all processes of one pgring share their cancel keys");
      }
    } else if (line.section != "databases" && line.section != "users") {
      error(line, fmt::format("unknown section {}{}", in_quotes(line.section),
                              suggestion(line.section,
                                         {"databases", "users", "pgring", "pgbouncer", "peers"})));
    }
  }

  void assignment(const IniLine& line) {
    if (is_main_section(line.section)) {
      setting(line);
    } else if (line.section == "databases") {
      read_database(line, result_);
    } else if (line.section == "users") {
      read_user(line, result_);
    }
  }

  void setting(const IniLine& line) {
    const auto* row = find_entry(kSettings, line.key);
    if (row == nullptr) return unknown(line);
    IniLine& given = lines_[static_cast<std::size_t>(row - kSettings.begin())];
    if (given.line > 0 && given.file == line.file) {
      warning(line, fmt::format("{} is given again; line {} no longer counts", in_quotes(line.key),
                                given.line));
    }
    given = line;
    if (!row->parse(result_.settings, line.value, row->limits)) {
      return error(line, bad_value(*row, line.value));
    }
    if (row->origin == Origin::kNoMeaning) {
      warning(line, fmt::format("{} is accepted, but has no meaning here: {}", in_quotes(line.key),
                                row->reason));
    } else if (!row->available && row->format(result_.settings, row->limits) != row->default_text) {
      warning(line, fmt::format("{} is accepted, but not available in this version",
                                in_quotes(line.key)));
    }
  }

  void unknown(const IniLine& line) {
    if (find_entry(kDatabaseKeys, line.key) != nullptr) {
      return error(line, fmt::format("unknown setting {}: it belongs in a line of [databases]",
                                     in_quotes(line.key)));
    }
    std::vector<std::string_view> names;
    for (const auto& row : kSettings) names.push_back(row.name);
    error(line,
          fmt::format("unknown setting {}{}", in_quotes(line.key), suggestion(line.key, names)));
  }

  LoadResult result_;
  std::vector<IniLine> lines_ = std::vector<IniLine>(kSettings.size());  // where each was given
  bool main_seen_ = false;
  bool peers_seen_ = false;
};

}  // namespace

LoadResult load_settings(const std::string& path) { return Loader().load(path); }

Settings default_settings() {
  Settings settings;
  for (const auto& row : kSettings) row.parse(settings, row.default_text, row.limits);
  settings.log_destination.stderr_stream = true;
  return settings;
}

}  // namespace pgring
