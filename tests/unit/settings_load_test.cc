// Whole configuration files that are right.
#include <doctest/doctest.h>

#include <algorithm>

#include "tests/unit/settings_fixture.h"

namespace pgring {
namespace {

using Lines = std::vector<std::string>;
using namespace std::chrono_literals;

constexpr std::string_view kFull = R"(; a comment
# another
[databases]
app = host=127.0.0.1,10.0.0.2 port=5433 dbname=prod user=web password='it''s \ here' pool_size=7
tuned = pool_mode=session pipeline_depth=1 pipeline_stall=20ms server_lifetime=1h min_pool_size=-1
tls = host=db.example.com sslmode=verify-full sslrootcert=/etc/ca.pem connect_query='SET x = ''1'''
'my db' = host=/tmp
"say ""hi""" = host=/tmp
empty =
* = host=/var/run/postgresql query_wait_timeout=2.5
[users]
web = pool_mode = statement pool_size=3
[pgbouncer]
listen_addr = 127.0.0.1, ::1
auth_type = trust
[pgring]
worker_processes = 3
pool_mode = session
)";

}  // namespace

TEST_CASE("settings: databases and their connection strings") {
  const ConfigDirectory directory;
  const LoadResult result = directory.load(kFull);
  CHECK(directory.texts(result.errors) == Lines{});
  CHECK(directory.texts(result.warnings) == Lines{});
  const auto& databases = result.settings.databases;
  REQUIRE(databases.size() == 7);
  CHECK(databases[0].name == "app");
  CHECK(databases[0].host == "127.0.0.1,10.0.0.2");
  CHECK(databases[0].port == 5433);
  CHECK(databases[0].dbname == "prod");
  CHECK(databases[0].password == "it's \\ here");
  CHECK(databases[0].pool_size == 7);
  CHECK(!databases[0].pool_mode);
  CHECK(databases[1].dbname == "tuned");
  CHECK(databases[1].pool_mode == PoolMode::kSession);
  CHECK(databases[1].pipeline_depth == 1);
  CHECK(databases[1].pipeline_stall == 20ms);
  CHECK(databases[1].server_lifetime == 1h);
  CHECK(!databases[1].min_pool_size);
  CHECK(databases[2].connect_query == "SET x = '1'");
  CHECK(databases[2].other ==
        decltype(databases[2].other){{"sslmode", "verify-full"}, {"sslrootcert", "/etc/ca.pem"}});
  CHECK(databases[3].name == "my db");
  CHECK(databases[4].name == "say \"hi\"");
  CHECK(databases[5].host.empty());
  CHECK(databases[5].port == 5432);
  CHECK(databases[6].name == "*");
  CHECK(databases[6].dbname.empty());
  CHECK(databases[6].query_wait_timeout == 2500ms);
}

TEST_CASE("settings: both names of the main section, users, lists") {
  const ConfigDirectory directory;
  const Settings settings = directory.load(kFull).settings;
  REQUIRE(settings.users.size() == 1);
  CHECK(settings.users[0].pool_mode == PoolMode::kStatement);
  CHECK(settings.users[0].pool_size == 3);
  CHECK(settings.listen_addr == StringList{"127.0.0.1", "::1"});
  CHECK(settings.worker_processes == 3);
  CHECK(settings.pool_mode == PoolMode::kSession);
  CHECK(settings.default_pool_size == 20);
  CHECK(settings.query_wait_timeout == 120s);
  CHECK(settings.conffile == directory.path("pgring.ini"));
}

TEST_CASE("settings: a byte order mark, CRLF and a heading with a comment do no harm") {
  const ConfigDirectory directory;
  const LoadResult result = directory.load(
      "\xEF\xBB\xBF[pgring] ; main\r\nauth_type = trust\r\nlisten_port = 7000\r\n"
      "[databases]\r\n* = host=/tmp\r\n; caf\xE9\r\n");
  CHECK(directory.texts(result.errors) == Lines{});
  CHECK(directory.texts(result.warnings) == Lines{});
  CHECK(result.settings.listen_port == 7000);
  CHECK(result.settings.databases.at(0).host == "/tmp");
}

TEST_CASE("settings: automatic log destinations follow PgBouncer's settings") {
  const ConfigDirectory directory;
  LogTargets targets = directory.load_complete("").settings.log_destination;
  CHECK((targets.automatic && targets.stderr_stream && !targets.file && !targets.syslog));
  targets = directory.load_complete("[pgbouncer]\nlogfile = /tmp/x.log\nsyslog = 1")
                .settings.log_destination;
  CHECK((targets.automatic && targets.stderr_stream && targets.file && targets.syslog));
  targets = directory.load_complete("[pgbouncer]\nlog_destination = journald\nsyslog = 1")
                .settings.log_destination;
  CHECK((!targets.automatic && !targets.stderr_stream && !targets.syslog && targets.journald));
}

TEST_CASE("settings: verbose lowers the log level, never raises it") {
  Settings settings = default_settings();
  CHECK(effective_log_level(settings) == LogLevel::kInfo);
  settings.verbose = 1;
  CHECK(effective_log_level(settings) == LogLevel::kDebug);
  settings.log_level = LogLevel::kNoise;
  CHECK(effective_log_level(settings) == LogLevel::kNoise);
  settings.start_options.verbose = 1;
  settings.log_level = LogLevel::kError;
  CHECK(effective_log_level(settings) == LogLevel::kNoise);
}

TEST_CASE("settings: what needs a restart, and SHOW CONFIG") {
  const Settings running = default_settings();
  Settings loaded = running;
  CHECK(changes_needing_restart(running, loaded) == Lines{});
  loaded.default_pool_size = 50;
  loaded.pkt_buf = 1;
  loaded.listen_port = 7000;
  loaded.task_slots = 512;
  CHECK(changes_needing_restart(running, loaded) == Lines{"listen_port", "task_slots"});
  loaded.unix_socket_mode = 0700;
  loaded.listen_addr = {"::1", "127.0.0.1"};
  keep_until_restart(running, loaded);
  CHECK(changes_needing_restart(running, loaded) == Lines{});
  CHECK(loaded.unix_socket_mode == running.unix_socket_mode);
  CHECK(loaded.default_pool_size == 50);

  const std::vector<SettingRow> rows = show_settings(loaded);
  CHECK(std::is_sorted(rows.begin(), rows.end(),
                       [](const auto& a, const auto& b) { return a.name < b.name; }));
  const auto row = [&](std::string_view name) {
    return *std::find_if(rows.begin(), rows.end(), [&](const auto& r) { return r.name == name; });
  };
  CHECK(row("default_pool_size").value == "50");
  CHECK(row("default_pool_size").default_text == "20");
  CHECK(row("default_pool_size").changeable);
  CHECK(!row("listen_port").changeable);
  CHECK(row("pool_mode").value == "transaction");
}

}  // namespace pgring
