// Counting by looking at everything: a few times a second at most.
#include "master/list_counts.h"

#include <set>
#include <string_view>

namespace pgring {
namespace {

void count_names(Context& context, ListCounts& counts) {
  std::set<std::string_view> databases{"pgbouncer"}, users;
  for (const DatabaseSettings& line : context.settings.databases) {
    if (line.name != "*") databases.insert(line.name);
  }
  for (const UserSettings& line : context.settings.users) users.insert(line.name);
  for (const auto& [key, pool] : context.pools.all()) {
    databases.insert(key.database);
    users.insert(key.user);
    for (const LaneShare& share : context.state.lanes[pool.lane].shares) {
      counts.used_servers += share.connections.load(std::memory_order_relaxed);
    }
  }
  counts.databases = static_cast<uint32_t>(databases.size());
  counts.users = static_cast<uint32_t>(users.size());
  counts.pools = static_cast<uint32_t>(context.pools.all().size()) + 1;
}

}  // namespace

ListCounts count_lists(Context& context, const Frontend& frontend) {
  ListCounts counts;
  count_names(context, counts);
  for (const auto& client : frontend.all()) {
    if (client->state == ClientState::kFree) ++counts.free_clients;
    if (!client->fd) continue;
    ++counts.used_clients;
    if (client->console) ++counts.console_clients;
    if (client->state == ClientState::kStartup || client->state == ClientState::kLogin) {
      ++counts.login_clients;
    }
  }
  return counts;
}

}  // namespace pgring
