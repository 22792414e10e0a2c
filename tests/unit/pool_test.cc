// Pools: which there are, and what the workers are told of them.
#include "master/pool.h"

#include <doctest/doctest.h>
#include <libpq-fe.h>

#include <map>
#include <memory>
#include <string>

#include "common/settings_load.h"
#include "tests/unit/shared_fixture.h"

namespace pgring {
namespace {

struct Pools : SharedFixture {
  Pools() {
    settings.databases.emplace_back();
    settings.databases.back().name = "shop";
    settings.databases.back().host = "/tmp";
  }
  DatabaseSettings& shop() { return settings.databases.front(); }
  PoolTable& table() {
    if (!table_) table_ = std::make_unique<PoolTable>(state, settings);
    return *table_;
  }
  Pool* find(const std::string& database, const std::string& user,
             const std::string& options = "") {
    return table().find(database, user, options, refusal);
  }
  LaneConfig config(const Pool& pool) {
    LaneConfig result;
    uint32_t version = 0;
    REQUIRE(read_lane_config(state.lanes[pool.lane], result, version));
    return result;
  }
  // As libpq understands the connection string.
  std::map<std::string, std::string> options_of(const Pool& pool) {
    char* error = nullptr;
    PQconninfoOption* all = PQconninfoParse(config(pool).conninfo, &error);
    INFO(std::string(config(pool).conninfo));
    REQUIRE_MESSAGE(all != nullptr, std::string(error ? error : ""));
    std::map<std::string, std::string> found;
    for (const PQconninfoOption* option = all; option->keyword; ++option) {
      if (option->val) found[option->keyword] = option->val;
    }
    PQconninfoFree(all);
    return found;
  }

  Settings settings = default_settings();
  PoolRefusal refusal;

 private:
  std::unique_ptr<PoolTable> table_;
};

TEST_CASE("pools: one for each database, user and set of options") {
  Pools pools;
  Pool* first = pools.find("shop", "alice");
  REQUIRE(first);
  CHECK(pools.find("shop", "alice") == first);
  CHECK(pools.find("shop", "bob") != first);
  CHECK(pools.find("shop", "alice", "-c a=b") != first);
  CHECK(pools.state.header->lane_count == 3);
  CHECK(&pools.table().by_lane(first->lane) == first);
}

TEST_CASE("pools: an unknown database is refused, a forced user joins the clients") {
  Pools pools;
  CHECK(pools.find("nowhere", "alice") == nullptr);
  CHECK(pools.refusal.sqlstate == "3D000");
  CHECK(pools.refusal.message == "no such database: \"nowhere\"");
  pools.shop().user = "web";
  CHECK(pools.find("shop", "alice") == pools.find("shop", "bob"));
  CHECK(pools.options_of(*pools.find("shop", "alice"))["user"] == "web");
}

TEST_CASE("pools: names and passwords reach libpq as they are, whatever is in them") {
  for (const std::string nasty :
       {"plain", "with space", "it's", "back\\slash", "'", "\\", "\\'", "a=b", " lead",
        "x' host='evil", "\"quoted\"", "tab\there", "\xc3\xa4"}) {
    Pools pools;
    pools.shop().dbname = nasty;
    pools.shop().password = nasty;
    pools.shop().application_name = nasty;
    Pool* pool = pools.find("shop", nasty);
    REQUIRE(pool);
    auto options = pools.options_of(*pool);
    CHECK(options["dbname"] == nasty);
    CHECK(options["user"] == nasty);
    CHECK(options["password"] == nasty);
    CHECK(options["application_name"] == nasty);
    CHECK(options["host"] == "/tmp");
  }
}

TEST_CASE("pools: server_tls_sslmode holds where the database's line does not say it") {
  Pools pools;
  pools.settings.server_tls_sslmode = SslMode::kDisable;
  CHECK(pools.options_of(*pools.find("shop", "alice"))["sslmode"] == "disable");
  pools.shop().other = {{"sslmode", "verify-full"}};
  CHECK(pools.options_of(*pools.find("shop", "bob"))["sslmode"] == "verify-full");
}

TEST_CASE("pools: a user's limits go before the database's, and those before the global ones") {
  Pools pools;
  pools.settings.default_pool_size = 1;
  pools.settings.reserve_pool_size = 2;
  pools.settings.max_user_connections = 3;
  pools.settings.server_check_query = "<empty>";
  pools.shop().pool_size = 10;
  pools.shop().max_db_connections = 40;
  UserSettings& of_alice = pools.settings.users.emplace_back();
  of_alice.name = "alice";
  of_alice.pool_size = 100;
  of_alice.reserve_pool_size = 200;
  of_alice.max_user_connections = 300;
  const LaneConfig alice = pools.config(*pools.find("shop", "alice"));
  const LaneConfig bob = pools.config(*pools.find("shop", "bob"));
  CHECK((alice.pool_size == 100 && bob.pool_size == 10));
  CHECK((alice.reserve_pool_size == 200 && bob.reserve_pool_size == 2));
  CHECK((alice.max_user_connections == 300 && bob.max_user_connections == 3));
  CHECK((alice.max_db_connections == 40 && bob.max_db_connections == 40));
  CHECK(std::string(bob.check_query) == ";");
}

TEST_CASE("pools: date style and time zone become start options, escaped once for the server") {
  Pools pools;
  pools.shop().datestyle = "ISO, DMY";
  pools.shop().timezone = "a\\b c";
  auto options = pools.options_of(*pools.find("shop", "alice", "-c geqo=off"));
  CHECK(options["options"] == "-c geqo=off -c datestyle=ISO,\\ DMY -c timezone=a\\\\b\\ c");
}

TEST_CASE("pools: options too long for a lane are refused before anything is made") {
  Pools pools;
  CHECK(pools.find("shop", "alice", "-c a=" + std::string(4000, 'x')) == nullptr);
  CHECK(pools.refusal.sqlstate == "54000");
  CHECK(pools.table().all().empty());
  CHECK(pools.find("shop", std::string(4000, 'u')) == nullptr);
}

TEST_CASE("pools: there are so many lanes and no more") {
  Pools pools;
  for (uint32_t i = 0; i < kMaxLanes; ++i) {
    REQUIRE(pools.find("shop", "user" + std::to_string(i)));
  }
  CHECK(pools.find("shop", "one more") == nullptr);
  CHECK(pools.refusal.sqlstate == "53300");
  CHECK(pools.find("shop", "user7"));
}

TEST_CASE("pools: limits come from user, then database, then the general section") {
  Pools pools;
  pools.settings.default_pool_size = 20;
  CHECK(pools.config(*pools.find("shop", "alice")).pool_size == 20);
  pools.shop().pool_size = 7;
  pools.table().reload(pools.settings);
  CHECK(pools.config(*pools.find("shop", "alice")).pool_size == 7);
  pools.settings.users.emplace_back();
  pools.settings.users.back().name = "alice";
  pools.settings.users.back().pool_size = 3;
  pools.table().reload(pools.settings);
  CHECK(pools.config(*pools.find("shop", "alice")).pool_size == 3);
  CHECK(pools.config(*pools.find("shop", "bob")).pool_size == 7);
}

TEST_CASE("pools: a database that leaves the configuration drains with what it had") {
  Pools pools;
  Pool* pool = pools.find("shop", "alice");
  const std::string before = pools.config(*pool).conninfo;
  Settings without = default_settings();
  pools.table().reload(without);
  CHECK(pool->removed);
  CHECK(std::string(pools.config(*pool).conninfo) == before);
  CHECK(pools.find("shop", "bob") == nullptr);
  pools.table().reload(pools.settings);
}

TEST_CASE("pools: what was too long for a reload does not tear the configuration") {
  Pools pools;
  Pool* pool = pools.find("shop", "alice");
  pools.shop().password = std::string(5000, 'p');
  pools.table().reload(pools.settings);
  CHECK(pools.options_of(*pool)["user"] == "alice");
}

}  // namespace
}  // namespace pgring
