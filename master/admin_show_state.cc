// SHOW LISTS, MEM, STATE, VERSION, HELP, and what drivers ask.
#include <fmt/format.h>

#include <algorithm>
#include <climits>

#include "common/version.h"
#include "master/admin_show.h"
#include "master/list_counts.h"

namespace pgring {
namespace {

// In the fixed memory: how many places of which size, and how many are taken.
struct Store {
  const char* name;
  uint64_t size;
  uint64_t count;
  uint64_t used;
};

void add_store(ResultTable& table, const Store& store) {
  table.row(store.name, store.size, store.used, store.count - store.used,
            std::min<uint64_t>(store.size * store.count, INT_MAX));
}

}  // namespace

void show_lists(AdminCall& call) {
  const ListCounts counts = count_lists(call.services.context, call.services.frontend);
  ResultTable& table = call.table;
  table.row("databases", counts.databases);
  table.row("users", counts.users);
  table.row("peers", 0);
  table.row("pools", counts.pools);
  table.row("peer_pools", 0);
  table.row("free_clients", counts.free_clients);
  table.row("used_clients", counts.used_clients);
  table.row("login_clients", counts.login_clients);
  table.row("free_servers", 0);
  table.row("used_servers", counts.used_servers);
  for (const char* name : {"dns_names", "dns_zones", "dns_queries", "dns_pending"}) {
    table.row(name, 0);
  }
}

void show_mem(AdminCall& call) {
  Context& context = call.services.context;
  const SharedState& state = context.state;
  const uint64_t tasks = state.header->task_count;
  const uint64_t clients = call.services.frontend.all().size();
  const uint64_t output = context.output.lent_bytes() / kOutputChunk;
  add_store(call.table, {"client_cache", sizeof(Client), clients, call.services.frontend.count()});
  add_store(call.table, {"task_cache", sizeof(Task), tasks, tasks - context.tasks.free_tasks()});
  add_store(call.table, {"lane_cache", sizeof(Lane), kMaxLanes, context.pools.all().size()});
  add_store(call.table,
            {"statement_cache", sizeof(StatementEntry), kMaxStatements, context.dictionary.size()});
  add_store(call.table, {"parameter_set_cache", sizeof(ParameterSet), kMaxParameterSets,
                         context.parameter_sets.size()});
  add_store(call.table, {"output_cache", sizeof(OutputChunk), output, output});
  const uint64_t blocks = context.tasks.block_count();
  add_store(call.table,
            {"payload_cache", kBlockSize, blocks, blocks - context.tasks.free_blocks()});
}

void show_state(AdminCall& call) {
  const bool paused = call.services.context.pools.all_paused();
  call.table.row("active", paused ? "no" : "yes");
  call.table.row("paused", paused ? "yes" : "no");
  call.table.row("suspended", "no");
}

void show_version(AdminCall& call) { call.table.row(fmt::format("pgring {}", kVersion)); }

void show_help(AdminCall& call) {
  call.tag = "SHOW";
  call.notice = "Console usage";
  for (const AdminCommand& command : admin_commands()) {
    if (command.help.empty()) continue;
    const std::string usage = fmt::format(
        "{}{}{}", command.name, command.placeholder.empty() ? "" : " ", command.placeholder);
    call.notice_detail += fmt::format("\n\t{:<24}  {}", usage, command.help);
  }
}

void show_nothing(AdminCall&) {}

void show_driver_parameter(AdminCall& call) {
  const std::string_view name = call.request.command->name.substr(5);
  const char* value = name == "CLIENT_ENCODING"                 ? "UTF8"
                      : name == "DATESTYLE"                     ? "ISO"
                      : name == "DEFAULT_TRANSACTION_ISOLATION" ? "read committed"
                      : name == "STANDARD_CONFORMING_STRINGS"   ? "on"
                      : name == "TIMEZONE"                      ? "GMT"
                                                                : nullptr;
  call.table.row(value ? std::string(value) : std::string(kVersion) + "/pgring");
}

}  // namespace pgring
