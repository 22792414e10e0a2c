// The commands that change something.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <climits>

#include "common/settings_value.h"
#include "master/admin_console.h"
#include "master/admin_show.h"

namespace pgring {
namespace {

// Drivers set these on every connection, whatever it is.
constexpr std::array<std::string_view, 7> kDriverParameters = {"client_encoding",
                                                               "default_transaction_isolation",
                                                               "standard_conforming_strings",
                                                               "datestyle",
                                                               "timezone",
                                                               "extra_float_digits",
                                                               "application_name"};

// False, with the call's error set, where the database named can be no database of ours.
bool check_database(AdminCall& call) {
  const std::string& name = call.request.argument;
  if (name.empty()) return true;
  if (is_console_database(name)) {
    call.error = {"0A000",
                  fmt::format("{} cannot be applied to the admin console's database \"{}\"",
                              call.request.command->name, name),
                  "", ""};
    return false;
  }
  if (call.services.context.pools.database(name)) return true;
  call.error = {"3D000", fmt::format("no such database: \"{}\"", name), "",
                "SHOW DATABASES lists those that are configured."};
  return false;
}

template <typename Use>
void for_each_pool(Context& context, const std::string& database, Use use) {
  for (auto& [key, pool] : context.pools.all()) {
    if (database.empty() || key.database == database) use(pool);
  }
}

// Nothing of the database runs, and its connections are closed.
bool is_quiet(Context& context, const std::string& database) {
  bool quiet = true;
  for_each_pool(context, database, [&](const Pool& pool) {
    for (const LaneShare& share : context.state.lanes[pool.lane].shares) {
      if (share.connections.load(std::memory_order_seq_cst) != 0) quiet = false;
    }
  });
  return quiet;
}

// Every connection that was there at the last RECONNECT has been closed.
bool is_renewed(Context& context, const std::string& database) {
  bool renewed = true;
  for (uint32_t worker = 1; worker <= context.state.header->worker_count; ++worker) {
    for (const BackendKey& backend : context.state.workers[worker].backends) {
      if (backend.pid.load(std::memory_order_acquire) == 0) continue;
      const int64_t since = backend.connected_at.load(std::memory_order_relaxed);
      for_each_pool(context, database, [&](const Pool& pool) {
        if (pool.lane == backend.lane && since <= pool.reconnected_at) renewed = false;
      });
    }
  }
  return renewed;
}

void close_clients(AdminServices& services, const std::string& database) {
  const std::size_t count = services.frontend.all().size();
  for (std::size_t i = 0; i < count; ++i) {
    Client& client = *services.frontend.all()[i];
    if (!client.fd || !client.pool) continue;
    if (!database.empty() && client.database != database) continue;
    services.frontend.fail(client, {.severity = "FATAL",
                                    .sqlstate = "57P01",
                                    .message = "terminating connection due to administrator "
                                               "command (KILL)"});
  }
}

}  // namespace

void run_set(AdminCall& call) {
  const std::string& name = call.request.argument;
  const auto is_driver = [&](std::string_view known) { return same_word(known, name); };
  if (std::any_of(kDriverParameters.begin(), kDriverParameters.end(), is_driver)) {
    call.notice = fmt::format("SET of {} has no effect in the admin console", name);
    return;
  }
  if (!call.client.console->admin) {
    call.error = {"42501", fmt::format("user \"{}\" may look, but not SET", call.client.user), "",
                  "It is in stats_users; commands other than SHOW are for admin_users."};
    return;
  }
  call.error = call.services.set(name, call.request.value);
}

void run_reload(AdminCall& call) { call.error = call.services.reload(); }

void run_pause(AdminCall& call) {
  if (!check_database(call)) return;
  Context& context = call.services.context;
  if (context.pools.is_paused(call.request.argument)) {
    call.error = {"55000", "already paused", "", "RESUME ends it."};
    return;
  }
  context.pools.set_paused(call.request.argument, true);
  call.services.dispatcher.alert_all();
  // A RESUME in between ends the wait as well.
  call.is_done = [&context, database = call.request.argument] {
    return !context.pools.is_paused(database) || is_quiet(context, database);
  };
}

void run_resume(AdminCall& call) {
  if (!check_database(call)) return;
  PoolTable& pools = call.services.context.pools;
  const std::string& database = call.request.argument;
  if (database.empty() ? !pools.any_paused() : !pools.is_paused(database)) {
    call.error = {"55000", "not paused", "", ""};
    return;
  }
  if (!database.empty() && pools.all_paused()) {
    call.error = {"55000", "all databases are paused", "", "RESUME without a name ends it."};
    return;
  }
  pools.set_paused(database, false);
  call.services.dispatcher.alert_all();
}

void run_disable(AdminCall& call) {
  if (check_database(call)) call.services.context.pools.set_disabled(call.request.argument, true);
}

void run_enable(AdminCall& call) {
  if (check_database(call)) call.services.context.pools.set_disabled(call.request.argument, false);
}

void run_reconnect(AdminCall& call) {
  if (!check_database(call)) return;
  Context& context = call.services.context;
  context.pools.renew_connections(call.request.argument, context.now);
  call.services.dispatcher.alert_all();
}

void run_wait_close(AdminCall& call) {
  if (!check_database(call)) return;
  call.is_done = [&context = call.services.context, database = call.request.argument] {
    return is_renewed(context, database);
  };
}

void run_kill(AdminCall& call) {
  if (!check_database(call)) return;
  call.services.context.pools.set_paused(call.request.argument, true);
  call.services.dispatcher.alert_all();
  close_clients(call.services, call.request.argument);
}

void run_kill_client(AdminCall& call) {
  uint64_t id = 0;
  const std::string& text = call.request.argument;
  const auto [end, result] = std::from_chars(text.data(), text.data() + text.size(), id);
  const auto& clients = call.services.frontend.all();
  const auto found = std::find_if(clients.begin(), clients.end(), [&](const auto& client) {
    return client->fd && (client->session & INT_MAX) == id;
  });
  if (result != std::errc{} || end != text.data() + text.size() || found == clients.end()) {
    call.error = {"42704", fmt::format("there is no client with id \"{}\"", text), "",
                  "SHOW CLIENTS tells each client's id."};
    return;
  }
  call.services.frontend.fail(**found, {.severity = "FATAL",
                                        .sqlstate = "57P01",
                                        .message = "terminating connection due to administrator "
                                                   "command (KILL_CLIENT)"});
}

void run_suspend(AdminCall& call) {
  call.error = {"0A000", "SUSPEND is not supported", "",
                "PAUSE stops the work on the databases without touching the clients."};
}

void run_shutdown(AdminCall& call) {
  const std::string& how = call.request.argument;
  if (how.empty()) {
    call.services.shutdown(ShutdownMode::kNow);
  } else if (same_word(how, "WAIT_FOR_CLIENTS")) {
    call.services.shutdown(ShutdownMode::kWaitForClients);
  } else if (same_word(how, "WAIT_FOR_SERVERS")) {
    call.services.shutdown(ShutdownMode::kWaitForServers);
  } else {
    call.error = {"42601", fmt::format("SHUTDOWN does not know \"{}\"", how), "",
                  "Usage: SHUTDOWN [WAIT_FOR_CLIENTS | WAIT_FOR_SERVERS]"};
  }
}

}  // namespace pgring
