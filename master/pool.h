// A pool: the database connections for one database, one user and one set of startup parameters
// that cannot be changed afterwards. It owns a lane; its limits hold over all workers together.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/settings.h"
#include "common/shared_state.h"
#include "master/parameter_sets.h"

namespace pgring {

struct PoolKey {
  std::string database;  // as the client named it
  std::string user;      // of the server's side
  std::string options;   // startup parameters that make a pool of their own: "-c name=value ..."
  auto operator<=>(const PoolKey&) const = default;
};

struct Pool {
  PoolKey key;
  uint32_t lane = 0;
  PoolMode mode = PoolMode::kTransaction;
  Duration query_wait_timeout{};
  Duration query_timeout{};
  Duration idle_transaction_timeout{};
  Duration transaction_timeout{};
  Duration client_idle_timeout{};
  bool automatic = false;      // through the "*" line
  bool removed = false;        // its database has left the configuration
  bool closed = false;         // nobody uses it: its connections are closed
  bool paused = false;         // PAUSE or KILL, of its database or of all
  uint32_t generation = 0;     // raised by RECONNECT
  int64_t reconnected_at = 0;  // monotonic us
  uint32_t clients = 0;        // logged in or logging in

  // ParameterStatus of the newest connection; empty until the first one.
  std::vector<std::pair<std::string, std::string>> welcome;
  // What the server made of the parameters clients gave, by what they gave.
  std::map<std::string, ParameterValues> canonical;

  // Until then a client that would be the first is told what the server said to the last attempt.
  int64_t refused_until = 0;
  std::string refused_sqlstate, refused_message;

  std::deque<uint32_t> waiting;  // clients whose task found the lane full
};

// Why a client cannot have a pool; both texts go to the client.
struct PoolRefusal {
  std::string_view sqlstate;
  std::string message;
};

class PoolTable {
 public:
  PoolTable(SharedState state, const Settings& settings) : state_(state), settings_(&settings) {}

  // The [databases] line for `name`: its own, else "*". Null where there is none.
  const DatabaseSettings* database(std::string_view name) const;
  // The pool for a client; made if it is new. Null with `refusal` filled where it cannot be.
  Pool* find(const std::string& database, const std::string& user, const std::string& options,
             PoolRefusal& refusal);
  // Closes what nobody uses any more: the connections of databases that have left the configuration
  // and, where lanes run short, of pools without clients. Called a few times a second; true where
  // the workers must be told.
  bool close_unused();
  // The settings were replaced: every pool's configuration is written anew.
  void reload(const Settings& settings);
  // Writes `pool`'s configuration for the workers, after a change of paused or removed.
  void write_config(Pool& pool);

  // PAUSE, RESUME, DISABLE and ENABLE, of pools that are and pools to come. An empty name means
  // every database. The workers have to be alerted afterwards.
  void set_paused(const std::string& database, bool paused);
  bool all_paused() const { return all_paused_; }
  bool any_paused() const { return all_paused_ || !paused_.empty(); }
  bool is_paused(const std::string& database) const {
    return all_paused_ || paused_.count(database) > 0;
  }
  void set_disabled(const std::string& database, bool disabled);
  bool is_disabled(const std::string& database) const { return disabled_.count(database) > 0; }
  // RECONNECT.
  void renew_connections(const std::string& database, int64_t now);

  std::map<PoolKey, Pool>& all() { return pools_; }
  Pool& by_lane(uint32_t lane) { return *by_lane_[lane]; }

 private:
  const UserSettings* user(std::string_view name) const;
  // A lane for a new pool; kMaxLanes where all are in use.
  uint32_t take_lane();
  bool has_connections(const Pool& pool) const;
  void apply_settings(Pool& pool);
  uint32_t index_of(std::vector<std::string>& names, const std::string& name);

  SharedState state_;
  const Settings* settings_;
  std::map<PoolKey, Pool> pools_;  // nodes never move
  std::vector<Pool*> by_lane_;
  std::vector<std::string> database_names_, user_names_;  // indices for LaneConfig
  bool all_paused_ = false;
  std::set<std::string> paused_, disabled_;
};

}  // namespace pgring
