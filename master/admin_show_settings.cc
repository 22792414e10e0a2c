// SHOW DATABASES, USERS, CONFIG.
#include <map>
#include <set>

#include "common/settings_load.h"
#include "common/settings_value.h"
#include "master/admin_show.h"

namespace pgring {
namespace {

// Clients and server connections, by database or by user.
struct Usage {
  int connections = 0;
  int clients = 0;
};

int connections_of(const Lane& lane) {
  uint32_t sum = 0;
  for (const LaneShare& share : lane.shares) {
    sum += share.connections.load(std::memory_order_relaxed);
  }
  return static_cast<int>(sum);
}

template <typename T>
std::optional<std::string> text_of(const std::optional<T>& value) {
  if (!value) return std::nullopt;
  return format_value(*value, {});
}

std::optional<std::string> unless_empty(const std::string& text) {
  if (text.empty()) return std::nullopt;
  return text;
}

void add_database(AdminCall& call, const DatabaseSettings& line, const std::string& name,
                  const Usage& usage) {
  const Settings& all = call.services.context.settings;
  const PoolTable& pools = call.services.context.pools;
  const int64_t lifetime = line.server_lifetime.value_or(all.server_lifetime).count() / 1000000;
  std::optional<std::string> balance;  // only where there is something to balance
  if (line.host.find(',') != std::string::npos) balance = format_value(line.load_balance_hosts, {});
  call.table.row(name, unless_empty(line.host), line.port, line.dbname.empty() ? name : line.dbname,
                 unless_empty(line.user), line.pool_size.value_or(all.default_pool_size),
                 line.min_pool_size.value_or(all.min_pool_size),
                 line.reserve_pool_size.value_or(all.reserve_pool_size), lifetime,
                 text_of(line.pool_mode), balance,
                 line.max_db_connections.value_or(all.max_db_connections), usage.connections,
                 line.max_db_client_connections.value_or(all.max_db_client_connections),
                 usage.clients, pools.is_paused(name) ? 1 : 0, pools.is_disabled(name) ? 1 : 0);
}

}  // namespace

// The line "*" stands for those databases that clients have come for.
void show_databases(AdminCall& call) {
  Context& context = call.services.context;
  std::map<std::string, Usage> usage;
  std::set<std::string> automatic;
  for (const auto& [key, pool] : context.pools.all()) {
    usage[key.database].connections += connections_of(context.state.lanes[pool.lane]);
    usage[key.database].clients += static_cast<int>(pool.clients);
    if (pool.automatic && !pool.removed) automatic.insert(key.database);
  }
  std::map<std::string, const DatabaseSettings*> lines;
  for (const DatabaseSettings& line : context.settings.databases) {
    if (line.name != "*") lines[line.name] = &line;
  }
  for (const std::string& name : automatic) lines.emplace(name, context.pools.database(name));
  for (const auto& [name, line] : lines) {
    if (line) add_database(call, *line, name, usage[name]);
  }
  int consoles = 0;
  for (const auto& client : call.services.frontend.all()) {
    consoles += client->console && client->fd ? 1 : 0;
  }
  call.table.row("pgbouncer", std::nullopt, context.settings.listen_port, "pgbouncer", "pgbouncer",
                 2, 0, 0, 0, "statement", std::nullopt, 0, 0, 0, consoles, 0, 0);
}

void show_users(AdminCall& call) {
  Context& context = call.services.context;
  std::map<std::string, Usage> usage;
  for (const auto& [key, pool] : context.pools.all()) {
    usage[key.user].connections += connections_of(context.state.lanes[pool.lane]);
  }
  for (const auto& client : call.services.frontend.all()) {
    if (client->fd && !client->user.empty()) ++usage[client->user].clients;
  }
  std::map<std::string, UserSettings> users;
  for (const auto& [name, unused] : usage) users[name].name = name;
  for (const UserSettings& line : context.settings.users) users[line.name] = line;
  for (const auto& [name, line] : users) {
    call.table.row(
        name, text_of(line.pool_size).value_or(""), text_of(line.reserve_pool_size).value_or(""),
        text_of(line.pool_mode),
        line.max_user_connections.value_or(context.settings.max_user_connections),
        usage[name].connections,
        line.max_user_client_connections.value_or(context.settings.max_user_client_connections),
        usage[name].clients);
  }
}

void show_config(AdminCall& call) {
  for (const SettingRow& row : show_settings(call.services.context.settings)) {
    call.table.row(row.name, row.value, row.default_text, row.changeable ? "yes" : "no");
  }
}

}  // namespace pgring
