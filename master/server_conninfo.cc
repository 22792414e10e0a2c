// libpq's keywords: manual, section "Parameter Key Words".
#include "master/server_conninfo.h"

#include "common/settings_value.h"

namespace pgring {
namespace {

// One key='value' of a libpq connection string.
void append_option(std::string& conninfo, std::string_view key, std::string_view value) {
  conninfo.append(conninfo.empty() ? "" : " ").append(key).append("='");
  for (const char c : value) {
    if (c == '\'' || c == '\\') conninfo.push_back('\\');
    conninfo.push_back(c);
  }
  conninfo.push_back('\'');
}

// 0 leaves it to the system, or to the service file.
void append_positive(std::string& conninfo, std::string_view key, int64_t value) {
  if (value > 0) append_option(conninfo, key, std::to_string(value));
}

void append_keepalive(std::string& conninfo, const Settings& settings) {
  if (!settings.tcp_keepalive) append_option(conninfo, "keepalives", "0");
  append_positive(conninfo, "keepalives_idle", settings.tcp_keepidle.count() / 1'000'000);
  append_positive(conninfo, "keepalives_interval", settings.tcp_keepintvl.count() / 1'000'000);
  append_positive(conninfo, "keepalives_count", settings.tcp_keepcnt);
  append_positive(conninfo, "tcp_user_timeout", settings.tcp_user_timeout.count() / 1000);
}

}  // namespace

std::string conninfo_of(const PoolKey& key, const DatabaseSettings& database,
                        const Settings& settings) {
  std::string conninfo;
  append_option(conninfo, "dbname", database.dbname.empty() ? key.database : database.dbname);
  append_option(conninfo, "user", key.user);
  if (!database.host.empty()) append_option(conninfo, "host", database.host);
  append_option(conninfo, "port", std::to_string(database.port));
  if (!database.password.empty()) append_option(conninfo, "password", database.password);
  if (!database.client_encoding.empty()) {
    append_option(conninfo, "client_encoding", database.client_encoding);
  }
  if (!database.application_name.empty()) {
    append_option(conninfo, "application_name", database.application_name);
  }
  append_keepalive(conninfo, settings);
  std::string options = key.options;
  const auto add_setting = [&](std::string_view name, const std::string& value) {
    if (value.empty()) return;
    options.append(" -c ").append(name).append("=");
    for (const char c : value) {
      if (c == ' ' || c == '\\') options.push_back('\\');
      options.push_back(c);
    }
  };
  add_setting("datestyle", database.datestyle);
  add_setting("timezone", database.timezone);
  append_option(conninfo, "sslmode", format_value(settings.server_tls_sslmode, {}));
  // Of two with the same name libpq takes the later one: here, the database's own.
  for (const auto& [name, value] : database.other) {
    if (name == "options") {
      options = value + " " + options;
    } else {
      append_option(conninfo, name, value);
    }
  }
  if (!options.empty()) append_option(conninfo, "options", options);
  return conninfo;
}

}  // namespace pgring
