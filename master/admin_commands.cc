// The table of commands, and finding one.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "master/admin_columns.h"
#include "master/admin_command.h"
#include "master/admin_show.h"

namespace pgring {
namespace {

using enum AdminArgument;
using enum AdminRights;

// clang-format off
constexpr auto kCommands = std::to_array<AdminCommand>({
    {"SHOW ACTIVE_SOCKETS", kNone, "", kStats, columns::kSockets, show_active_sockets,
     "SOCKETS that are not idle"},
    {"SHOW CLIENTS", kNone, "", kStats, columns::kConnections, show_clients, "client connections"},
    {"SHOW CONFIG", kNone, "", kStats, columns::kConfig, show_config, "settings in force"},
    {"SHOW DATABASES", kNone, "", kStats, columns::kDatabases, show_databases,
     "databases and their limits"},
    {"SHOW DNS_HOSTS", kNone, "", kStats, columns::kDnsHosts, show_nothing,
     "always empty: libpq looks names up"},
    {"SHOW DNS_ZONES", kNone, "", kStats, columns::kDnsZones, show_nothing,
     "always empty: libpq looks names up"},
    {"SHOW HELP", kNone, "", kStats, {}, show_help, "this list, as a notice"},
    {"SHOW HISTOGRAMS", kNone, "", kStats, columns::kHistograms, show_histograms,
     "statements by time in queue, on the server and in total"},
    {"SHOW LANES", kNone, "", kStats, columns::kLanes, show_lanes, "the queue of each pool"},
    {"SHOW LATENCY", kNone, "", kStats, columns::kLatency, show_latency,
     "percentiles since the start"},
    {"SHOW LISTS", kNone, "", kStats, columns::kLists, show_lists, "how many there are of what"},
    {"SHOW MEM", kNone, "", kStats, columns::kMem, show_mem,
     "fixed memory and how much of it is used"},
    {"SHOW PEERS", kNone, "", kStats, columns::kPeers, show_nothing,
     "always empty: one pgring uses all cores"},
    {"SHOW PEER_POOLS", kNone, "", kStats, columns::kPeerPools, show_nothing,
     "always empty: one pgring uses all cores"},
    {"SHOW POOLS", kNone, "", kStats, columns::kPools, show_pools,
     "clients and connections by database and user"},
    {"SHOW SERVERS", kNone, "", kStats, columns::kConnections, show_servers,
     "connections to databases"},
    {"SHOW SOCKETS", kNone, "", kStats, columns::kSockets, show_sockets,
     "CLIENTS and SERVERS with their buffers"},
    {"SHOW STATE", kNone, "", kStats, columns::kState, show_state, "active, paused or suspended"},
    {"SHOW STATS", kNone, "", kStats, columns::kStats, show_stats, "counters by database"},
    {"SHOW STATS_AVERAGES", kNone, "", kStats, columns::kStatsAverages, show_stats_averages,
     "per second, or per unit of work"},
    {"SHOW STATS_TOTALS", kNone, "", kStats, columns::kStatsTotals, show_stats_totals,
     "since the start"},
    {"SHOW TOTALS", kNone, "", kStats, columns::kTotals, show_totals,
     "counters over all databases"},
    {"SHOW USERS", kNone, "", kStats, columns::kUsers, show_users, "users and their limits"},
    {"SHOW VERSION", kNone, "", kStats, columns::kVersionText, show_version, "of pgring"},
    {"SHOW WORKERS", kNone, "", kStats, columns::kWorkers, show_workers,
     "worker processes and their counters"},
    {"SHOW CLIENT_ENCODING", kNone, "", kStats, columns::kClientEncoding, show_driver_parameter,
     ""},
    {"SHOW DATESTYLE", kNone, "", kStats, columns::kDateStyle, show_driver_parameter, ""},
    {"SHOW DEFAULT_TRANSACTION_ISOLATION", kNone, "", kStats, columns::kIsolation, show_driver_parameter,
     ""},
    {"SHOW SERVER_VERSION", kNone, "", kStats, columns::kServerVersion, show_driver_parameter, ""},
    {"SHOW STANDARD_CONFORMING_STRINGS", kNone, "", kStats, columns::kStrings, show_driver_parameter,
     ""},
    {"SHOW TIMEZONE", kNone, "", kStats, columns::kTimeZone, show_driver_parameter, ""},
    {"DISABLE", kName, "database", kAdmin, {}, run_disable, "refuse new clients of a database"},
    {"ENABLE", kName, "database", kAdmin, {}, run_enable, "end DISABLE"},
    {"KILL", kOptionalName, "[database]", kAdmin, {}, run_kill,
     "close clients and connections, and pause"},
    {"KILL_CLIENT", kName, "id", kAdmin, {}, run_kill_client,
     "close the client with this id in SHOW CLIENTS"},
    {"PAUSE", kOptionalName, "[database]", kAdmin, {}, run_pause,
     "start nothing new; answer once all connections are closed"},
    {"RECONNECT", kOptionalName, "[database]", kAdmin, {}, run_reconnect,
     "replace connections as they become free"},
    {"RELOAD", kNone, "", kAdmin, {}, run_reload, "read the configuration file again"},
    {"RESUME", kOptionalName, "[database]", kAdmin, {}, run_resume, "end PAUSE or KILL"},
    {"SET", kAssignment, "name = value", kStats, {}, run_set,
     "change a setting until the next RELOAD"},
    {"SHUTDOWN", kOptionalName, "[WAIT_FOR_CLIENTS | WAIT_FOR_SERVERS]", kAdmin, {},
     run_shutdown,
     "end pgring"},
    {"SUSPEND", kNone, "", kAdmin, {}, run_suspend, "not supported"},
    {"WAIT_CLOSE", kOptionalName, "[database]", kAdmin, {}, run_wait_close,
     "answer once what RECONNECT replaces is closed"},
});
// clang-format on
static_assert(kCommands.size() == 43, "a command was added or lost: is pgringd(8) up to date?");

std::string capitals(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return result;
}

const AdminCommand* find_name(std::string_view name) {
  const auto found = std::find_if(kCommands.begin(), kCommands.end(),
                                  [&](const AdminCommand& c) { return c.name == name; });
  return found == kCommands.end() ? nullptr : &*found;
}

// The names that could have been meant: what SHOW shows, or the commands.
std::string valid_names(bool of_show) {
  std::string names;
  for (const AdminCommand& command : kCommands) {
    const bool is_show = command.name.starts_with("SHOW ");
    if (command.help.empty() || is_show != of_show) continue;
    names.append(names.empty() ? "" : ", ").append(command.name.substr(is_show ? 5 : 0));
  }
  return names;
}

AdminError unknown(std::string_view what, bool of_show) {
  if (of_show) {
    return {"42601", fmt::format("the console cannot show \"{}\"", what), "",
            fmt::format("SHOW knows: {}.", valid_names(true))};
  }
  return {"42601", fmt::format("unknown console command \"{}\"", what), "",
          fmt::format("Commands are: SHOW, {}. SHOW HELP explains them.", valid_names(false))};
}

AdminError wrong_arguments(const AdminCommand& command) {
  return {"42601", fmt::format("wrong arguments for {}", command.name), "",
          fmt::format("Usage: {}{}{}", command.name, command.placeholder.empty() ? "" : " ",
                      command.placeholder)};
}

// `tokens` begins behind the command's name.
bool read_arguments(std::span<const AdminToken> tokens, AdminRequest& request) {
  switch (request.command->argument) {
    case kNone:
      return tokens.empty();
    case kOptionalName:
      if (tokens.size() > 1) return false;
      if (!tokens.empty()) request.argument = tokens[0].text;
      return true;
    case kName:
      if (tokens.size() != 1 || tokens[0].text.empty()) return false;
      request.argument = tokens[0].text;
      return true;
    case kAssignment:
      if (tokens.size() < 2 || !(is_word(tokens[1], "=") || is_word(tokens[1], "to"))) return false;
      request.argument = tokens[0].text;
      for (const AdminToken& token : tokens.subspan(2)) {
        request.value.append(request.value.empty() ? "" : " ").append(token.text);
      }
      return tokens.size() > 2;
  }
  return false;
}

}  // namespace

std::span<const AdminCommand> admin_commands() { return kCommands; }

std::optional<AdminError> find_admin_command(std::string_view sql, AdminRequest& request) {
  request = {};
  const auto tokens = cut_admin_statement(sql);
  if (!tokens) {
    return AdminError{"42601", "a quote is not closed, or there is more than one command", "",
                      "Send the console's commands one by one."};
  }
  if (tokens->empty()) return std::nullopt;
  const std::span<const AdminToken> all(*tokens);
  if (is_word(all[0], "show")) {
    if (all.size() == 1) return unknown("", true);
    request.command = find_name("SHOW " + capitals(all[1].text));
    if (!request.command) return unknown(all[1].text, true);
    if (!read_arguments(all.subspan(2), request)) return wrong_arguments(*request.command);
    return std::nullopt;
  }
  if (!all[0].quoted) request.command = find_name(capitals(all[0].text));
  if (!request.command) return unknown(all[0].text, false);
  if (!read_arguments(all.subspan(1), request)) return wrong_arguments(*request.command);
  return std::nullopt;
}

}  // namespace pgring
