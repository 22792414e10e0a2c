// SHOW STATS, STATS_TOTALS, STATS_AVERAGES, TOTALS.
#include <map>
#include <string>
#include <utility>

#include "master/admin_show.h"

namespace pgring {
namespace {

struct DatabaseStats {
  StatValues now, before;
};

std::map<std::string, DatabaseStats> by_database(AdminCall& call) {
  Context& context = call.services.context;
  std::map<std::string, DatabaseStats> databases;
  for (const auto& [key, pool] : context.pools.all()) {
    DatabaseStats& stats = databases[key.database];
    stats.now += read_stats(context.state.lanes[pool.lane]);
    stats.before += call.services.stats.before(pool.lane);
  }
  databases["pgbouncer"];  // the console itself, which counts nothing
  return databases;
}

StatValues averages(AdminCall& call, const DatabaseStats& stats) {
  return average(stats.now, stats.before, call.services.stats.elapsed(call.services.context.now));
}

template <std::size_t... I>
void add_row(ResultTable& table, const std::string& database, const StatValues& values,
             std::index_sequence<I...>) {
  table.row(database, values.values[I]...);
}

template <std::size_t... I>
void add_row(ResultTable& table, const std::string& database, const StatValues& totals,
             const StatValues& averages, std::index_sequence<I...>) {
  table.row(database, totals.values[I]..., averages.values[I]...);
}

constexpr auto kAll = std::make_index_sequence<kStatCounters>();

// As PgBouncer calls them there.
constexpr std::array<const char*, kStatCounters> kTotalNames = {"server_assignment_count",
                                                                "xact_count",
                                                                "query_count",
                                                                "client_bytes",
                                                                "server_bytes",
                                                                "xact_time",
                                                                "query_time",
                                                                "wait_time",
                                                                "ps_client_parse_count",
                                                                "ps_server_parse_count",
                                                                "ps_bind_count",
                                                                "client_login_count"};

}  // namespace

void show_stats(AdminCall& call) {
  for (const auto& [name, stats] : by_database(call)) {
    add_row(call.table, name, stats.now, averages(call, stats), kAll);
  }
}

void show_stats_totals(AdminCall& call) {
  for (const auto& [name, stats] : by_database(call)) add_row(call.table, name, stats.now, kAll);
}

void show_stats_averages(AdminCall& call) {
  for (const auto& [name, stats] : by_database(call)) {
    add_row(call.table, name, averages(call, stats), kAll);
  }
}

void show_totals(AdminCall& call) {
  DatabaseStats all;
  for (const auto& [name, stats] : by_database(call)) {
    all.now += stats.now;
    all.before += stats.before;
  }
  const StatValues avg = averages(call, all);
  for (std::size_t i = 0; i < kStatCounters; ++i) {
    call.table.row(std::string("total_") + kTotalNames[i], all.now.values[i]);
  }
  for (std::size_t i = 0; i < kStatCounters; ++i) {
    call.table.row(std::string("avg_") + kTotalNames[i], avg.values[i]);
  }
}

}  // namespace pgring
