// Finding pools, and writing what the workers must know of them.
#include "master/pool.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "master/server_conninfo.h"

namespace pgring {
namespace {

template <std::size_t N>
bool copy_text(char (&to)[N], std::string_view from) {
  if (from.size() >= N) return false;
  std::memcpy(to, from.data(), from.size());
  to[from.size()] = '\0';
  return true;
}

// An empty text turns the check off, so that a query without a statement needs another spelling.
std::string_view check_query_of(const Settings& settings) {
  if (settings.server_check_query == "<empty>") return ";";
  return settings.server_check_query;
}

template <std::size_t N>
void copy_start(char (&to)[N], std::string_view from) {
  copy_text(to, from.substr(0, N - 1));
}

}  // namespace

const DatabaseSettings* PoolTable::database(std::string_view name) const {
  const DatabaseSettings* fallback = nullptr;
  for (const DatabaseSettings& line : settings_->databases) {
    if (line.name == name) return &line;
    if (line.name == "*") fallback = &line;
  }
  return fallback;
}

const UserSettings* PoolTable::user(std::string_view name) const {
  for (const UserSettings& line : settings_->users) {
    if (line.name == name) return &line;
  }
  return nullptr;
}

Pool* PoolTable::find(const std::string& name, const std::string& user_name,
                      const std::string& options, PoolRefusal& refusal) {
  const DatabaseSettings* line = database(name);
  if (!line) {
    refusal = {"3D000", fmt::format("no such database: \"{}\"", name)};
    return nullptr;
  }
  if (is_disabled(name)) {
    refusal = {"57P03", fmt::format("database \"{}\" is disabled", name)};
    return nullptr;
  }
  PoolKey key{name, line->user.empty() ? user_name : line->user, options};
  if (const auto found = pools_.find(key); found != pools_.end()) {
    Pool& pool = found->second;
    if (std::exchange(pool.closed, false)) write_config(pool);
    return &pool;
  }
  if (conninfo_of(key, *line, *settings_).size() >= sizeof(LaneConfig::conninfo)) {
    refusal = {"54000", "startup parameters are too long"};
    return nullptr;
  }
  const uint32_t lane = take_lane();
  if (lane == kMaxLanes) {
    refusal = {"53300", fmt::format("too many pools: {} combinations of database, user and startup "
                                    "parameters are in use",
                                    kMaxLanes)};
    return nullptr;
  }
  Pool& pool = pools_[key];
  pool.key = std::move(key);
  pool.lane = lane;
  by_lane_[lane] = &pool;
  apply_settings(pool);
  write_config(pool);
  state_.header->lane_count.store(static_cast<uint32_t>(by_lane_.size()),
                                  std::memory_order_release);
  return &pool;
}

bool PoolTable::has_connections(const Pool& pool) const {
  const Lane& lane = state_.lanes[pool.lane];
  return std::any_of(std::begin(lane.shares), std::end(lane.shares),
                     [](const LaneShare& share) { return share.connections.load() > 0; });
}

uint32_t PoolTable::take_lane() {
  if (by_lane_.size() < kMaxLanes) {
    by_lane_.push_back(nullptr);
    return static_cast<uint32_t>(by_lane_.size() - 1);
  }
  for (auto& [key, pool] : pools_) {
    if (!pool.closed || pool.clients > 0 || has_connections(pool)) continue;
    const uint32_t lane = pool.lane;
    pools_.erase(PoolKey(key));
    std::memset(static_cast<void*>(&state_.lanes[lane].stats), 0, sizeof(LaneStats));
    return lane;
  }
  return kMaxLanes;
}

bool PoolTable::close_unused() {
  const bool short_of_lanes = by_lane_.size() > kMaxLanes / 4 * 3;
  bool changed = false;
  for (auto& [key, pool] : pools_) {
    if (pool.clients > 0 || pool.closed || !(pool.removed || short_of_lanes)) continue;
    pool.closed = changed = true;
    write_config(pool);
  }
  return changed;
}

void PoolTable::apply_settings(Pool& pool) {
  const DatabaseSettings* line = database(pool.key.database);
  pool.paused = is_paused(pool.key.database);
  pool.removed = line == nullptr;
  if (!line) return;
  const UserSettings defaults{};
  const UserSettings* found = user(pool.key.user);
  const UserSettings& of_user = found ? *found : defaults;
  pool.automatic = line->name == "*";
  pool.mode = of_user.pool_mode.value_or(line->pool_mode.value_or(settings_->pool_mode));
  pool.query_wait_timeout = of_user.query_wait_timeout.value_or(
      line->query_wait_timeout.value_or(settings_->query_wait_timeout));
  pool.query_timeout = of_user.query_timeout.value_or(settings_->query_timeout);
  pool.idle_transaction_timeout =
      of_user.idle_transaction_timeout.value_or(settings_->idle_transaction_timeout);
  pool.transaction_timeout = of_user.transaction_timeout.value_or(settings_->transaction_timeout);
  pool.client_idle_timeout = of_user.client_idle_timeout.value_or(settings_->client_idle_timeout);
}

void PoolTable::reload(const Settings& settings) {
  settings_ = &settings;
  for (auto& [key, pool] : pools_) {
    apply_settings(pool);
    pool.refused_until = 0;
    if (!pool.removed) pool.closed = false;
    write_config(pool);
  }
}

void PoolTable::set_paused(const std::string& database, bool paused) {
  if (database.empty()) {
    all_paused_ = paused;
    if (!paused) paused_.clear();
  } else if (paused) {
    paused_.insert(database);
  } else {
    paused_.erase(database);
  }
  for (auto& [key, pool] : pools_) {
    const bool now = is_paused(key.database);
    if (pool.paused == now) continue;
    pool.paused = now;
    write_config(pool);
  }
}

void PoolTable::set_disabled(const std::string& database, bool disabled) {
  if (disabled) {
    disabled_.insert(database);
  } else {
    disabled_.erase(database);
  }
}

void PoolTable::renew_connections(const std::string& database, int64_t now) {
  for (auto& [key, pool] : pools_) {
    if (!database.empty() && key.database != database) continue;
    ++pool.generation;
    pool.reconnected_at = now;
    write_config(pool);
  }
}

uint32_t PoolTable::index_of(std::vector<std::string>& names, const std::string& name) {
  const auto at = std::find(names.begin(), names.end(), name);
  if (at != names.end()) return static_cast<uint32_t>(at - names.begin());
  names.push_back(name);
  return static_cast<uint32_t>(names.size() - 1);
}

void PoolTable::write_config(Pool& pool) {
  Lane& lane = state_.lanes[pool.lane];
  LaneConfig config = lane.config;  // a removed database keeps its last configuration
  config.paused = pool.paused;
  config.closed = pool.closed;
  config.generation = pool.generation;
  if (const DatabaseSettings* line = database(pool.key.database)) {
    const Settings& all = *settings_;
    const UserSettings* user_line = user(pool.key.user);
    const auto of_user = [&](std::optional<int> UserSettings::*member) {
      return user_line ? user_line->*member : std::nullopt;
    };
    const auto pick = [](std::optional<int> first, int last) {
      return static_cast<uint32_t>(std::max(first.value_or(last), 0));
    };
    const std::string label = fmt::format("{}/{}", pool.key.database, pool.key.user);
    copy_start(config.name, label);
    copy_start(config.database_name, pool.key.database);
    copy_start(config.user_name, pool.key.user);
    config.pool_mode = static_cast<uint32_t>(pool.mode);
    copy_text(config.conninfo, conninfo_of(pool.key, *line, all));
    copy_text(config.connect_query, line->connect_query);
    copy_text(config.reset_query, all.server_reset_query);
    copy_text(config.check_query, check_query_of(all));
    config.database = index_of(database_names_, pool.key.database);
    config.user = index_of(user_names_, pool.key.user);
    config.pool_size =
        pick(of_user(&UserSettings::pool_size), line->pool_size.value_or(all.default_pool_size));
    config.min_pool_size = pick(line->min_pool_size, all.min_pool_size);
    config.reserve_pool_size = pick(of_user(&UserSettings::reserve_pool_size),
                                    line->reserve_pool_size.value_or(all.reserve_pool_size));
    config.reserve_pool_timeout_us = all.reserve_pool_timeout.count();
    config.max_db_connections = pick(line->max_db_connections, all.max_db_connections);
    config.max_user_connections =
        pick(of_user(&UserSettings::max_user_connections), all.max_user_connections);
    config.pipeline_depth = pick(line->pipeline_depth, all.pipeline_depth);
    config.pipeline_stall_us = line->pipeline_stall.value_or(all.pipeline_stall).count();
    config.server_lifetime_us = line->server_lifetime.value_or(all.server_lifetime).count();
    config.server_idle_timeout_us = all.server_idle_timeout.count();
    config.server_connect_timeout_us = all.server_connect_timeout.count();
    config.server_login_retry_us = all.server_login_retry.count();
    config.server_check_delay_us = all.server_check_delay.count();
    config.max_prepared_statements = pick(std::nullopt, all.max_prepared_statements);
    config.reset_always = all.server_reset_query_always;
    config.round_robin = all.server_round_robin;
  }
  write_lane_config(lane, config);
}

}  // namespace pgring
