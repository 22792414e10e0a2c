// What is wrong only with several settings together, and values that must not be accepted in
// silence because this version would not do what they promise.
#include <fmt/format.h>
#include <sys/un.h>

#include <algorithm>

#include "common/listen_address.h"
#include "common/settings_sections.h"
#include "common/settings_table.h"
#include "common/shared_state.h"

namespace pgring {
namespace {

class Checker {
 public:
  Checker(const std::vector<IniLine>& lines, LoadResult& result)
      : lines_(lines), settings_(result.settings), result_(result) {}

  void check() {
    refuse_unavailable_security();
    check_listening();
    check_logging();
    check_databases();
    check_queries();
  }

 private:
  const IniLine& line_of(std::string_view name) const {
    return lines_[static_cast<std::size_t>(find_entry(kSettings, name) - kSettings.begin())];
  }
  // One remark per line: nothing more about a value that has been refused already, and no warning
  // beside an error.
  void error(std::string_view name, std::string text) {
    const IniLine& at = line_of(name);
    const auto here = [&](const Diagnostic& d) {
      return at.line > 0 && d.line == at.line && d.file == at.file;
    };
    if (std::any_of(result_.errors.begin(), result_.errors.end(), here)) return;
    std::erase_if(result_.warnings, here);
    result_.errors.push_back({at.file, at.line, std::move(text)});
  }
  void warning(std::string_view name, std::string text) {
    result_.warnings.push_back({line_of(name).file, line_of(name).line, std::move(text)});
  }

  // Ignoring one of these would leave a door open that the administrator believes to be shut.
  void refuse_unavailable_security() {
    if (settings_.auth_type != AuthType::kTrust && settings_.auth_type != AuthType::kAny) {
      error("auth_type",
            fmt::format("auth_type = {}{} cannot be used yet: this version authenticates nobody "
                        "itself; set auth_type = trust or any, and let only trusted clients reach "
                        "its addresses",
                        format_value(settings_.auth_type, {}),
                        line_of("auth_type").line == 0 ? " (the default)" : ""));
    }
    refuse_tls("client_tls_sslmode", settings_.client_tls_sslmode);
    refuse_tls("server_tls_sslmode", settings_.server_tls_sslmode);
    if (settings_.disable_pqexec) {
      error("disable_pqexec",
            "disable_pqexec = 1 cannot be used yet: this version passes simple queries on");
    }
  }

  void refuse_tls(std::string_view name, SslMode mode) {
    if (mode < SslMode::kRequire) return;
    error(name, fmt::format("{} = {} cannot be used yet: this version cannot enforce TLS", name,
                            format_value(mode, {})));
  }

  void check_listening() {
    if (settings_.listen_addr.empty() && settings_.unix_socket_dir.empty()) {
      error("listen_addr",
            "listen_addr and unix_socket_dir are both empty: no client could connect");
    }
    const std::string path =
        fmt::format("{}/.s.PGSQL.{}", settings_.unix_socket_dir, settings_.listen_port);
    if (path.size() >= sizeof(sockaddr_un::sun_path)) {
      error("unix_socket_dir", fmt::format("socket path {} is longer than {} bytes",
                                           in_quotes(path), sizeof(sockaddr_un::sun_path) - 1));
    }
    const std::string& metrics = settings_.metrics_listen;
    if (!metrics.empty() && !parse_listen_address(metrics)) {
      error("metrics_listen",
            fmt::format("invalid value {} for \"metrics_listen\": expected address:port, for "
                        "example 127.0.0.1:9127, [::1]:9127 or *:9127, or a port alone, which "
                        "means 127.0.0.1",
                        in_quotes(metrics)));
    }
  }

  void check_logging() {
    LogTargets& targets = settings_.log_destination;
    const bool file_named = !settings_.logfile.empty() || !settings_.log_directory.empty();
    if (targets.automatic) {
      targets.stderr_stream = true;
      targets.file = file_named;
      targets.syslog = settings_.syslog;
    } else if (targets.file && !file_named) {
      error("log_destination",
            "log_destination names a file, but logfile and log_directory are empty");
    }
    if (!settings_.logfile.empty() && !settings_.log_directory.empty()) {
      warning("log_directory", "log_directory is not used while logfile is set");
    }
    if (settings_.log_filename.empty() || settings_.log_filename.find('/') != std::string::npos) {
      error("log_filename", fmt::format("invalid value {} for \"log_filename\": expected a file "
                                        "name without \"/\"; the directory is log_directory",
                                        in_quotes(settings_.log_filename)));
    }
  }

  void check_databases() {
    if (settings_.databases.empty()) {
      result_.warnings.push_back(
          {settings_.conffile, 0,
           "[databases] is empty: clients can reach the admin console only"});
    }
    if (settings_.auth_type != AuthType::kAny) return;
    for (const DatabaseSettings& database : settings_.databases) {
      if (!database.user.empty()) continue;
      warning("auth_type", fmt::format("database {} has no user=, which auth_type = any needs",
                                       in_quotes(database.name)));
    }
  }

  // Workers find them in shared memory, which has room for so much of each.
  void check_queries() {
    check_query("server_reset_query", settings_.server_reset_query, sizeof LaneConfig::reset_query);
    check_query("server_check_query", settings_.server_check_query, sizeof LaneConfig::check_query);
    for (const DatabaseSettings& database : settings_.databases) {
      if (database.connect_query.size() < sizeof LaneConfig::connect_query) continue;
      result_.errors.push_back(
          {settings_.conffile, 0,
           fmt::format("database {}: connect_query is longer than {} bytes",
                       in_quotes(database.name), sizeof LaneConfig::connect_query - 1)});
    }
  }

  void check_query(std::string_view name, const std::string& query, std::size_t room) {
    if (query.size() < room) return;
    error(name, fmt::format("{} is longer than {} bytes", name, room - 1));
  }

  const std::vector<IniLine>& lines_;
  Settings& settings_;
  LoadResult& result_;
};

}  // namespace

void check_settings(const std::vector<IniLine>& lines, LoadResult& result) {
  Checker(lines, result).check();
}

}  // namespace pgring
