// What an administrator is told about each mistake, word for word.
#include <doctest/doctest.h>

#include "tests/unit/settings_fixture.h"

namespace pgring {
namespace {

using Lines = std::vector<std::string>;

struct Mistake {
  std::string text;  // the file begins with it, all it needs follows
  const char* message;
};

const Mistake kErrors[] = {
    {"[pgring]\npol_mode = session",
     R"(pgring.ini:2: unknown setting "pol_mode": did you mean "pool_mode"?)"},
    {"[pgring]\nlisten_prot = 1",
     R"(pgring.ini:2: unknown setting "listen_prot": did you mean "listen_port"?)"},
    {"[pgring]\nxyzzy = 1", R"(pgring.ini:2: unknown setting "xyzzy")"},
    {"[pgring]\npool_size = 1",
     R"(pgring.ini:2: unknown setting "pool_size": it belongs in a line of [databases])"},
    {"[pgring]\npool_mode = connection",
     R"(pgring.ini:2: invalid value "connection" for "pool_mode": )"
     "expected one of session, transaction, statement"},
    {"[pgring]\npipeline_depth = 1025",
     R"(pgring.ini:2: invalid value "1025" for "pipeline_depth": )"
     "expected a whole number from 1 to 1024"},
    {"[pgring]\nlisten_port = '6432'", R"(pgring.ini:2: invalid value "'6432'" for "listen_port": )"
                                       "expected a whole number from 1 to 65535, without quotes"},
    {"[pgring]\ndefault_pool_size = -1",
     R"(pgring.ini:2: invalid value "-1" for "default_pool_size": )"
     "expected a whole number, at least 0"},
    {"[pgring]\nquery_wait_timeout = 5 minutes",
     R"(pgring.ini:2: invalid value "5 minutes" for "query_wait_timeout": expected a time from )"
     "0 to 36500d (units us, ms, s, min, h, d; without one: seconds)"},
    {"[pgring]\ntcp_user_timeout = x",
     R"(pgring.ini:2: invalid value "x" for "tcp_user_timeout": expected a time from )"
     "0 to 36500d (units us, ms, s, min, h, d; without one: milliseconds)"},
    {"[pgring]\nlog_min_duration = -2",
     R"(pgring.ini:2: invalid value "-2" for "log_min_duration": expected -1 for off, or a time )"
     "from 0 to 36500d (units us, ms, s, min, h, d; without one: seconds)"},
    {"[pgring]\npayload_memory = 1kB",
     R"(pgring.ini:2: invalid value "1kB" for "payload_memory": )"
     "expected a size from 1MB to 1TB (units kB, MB, GB, TB; without one: bytes)"},
    {"[pgring]\nlog_stats = maybe", R"(pgring.ini:2: invalid value "maybe" for "log_stats": )"
                                    "expected 1, yes, on, true or 0, no, off, false"},
    {"[pgring]\nunix_socket_mode = 0999",
     R"(pgring.ini:2: invalid value "0999" for "unix_socket_mode": )"
     "expected an octal file mode from 0 to 0777"},
    {"[pgring]\nlog_destination = disk",
     R"(pgring.ini:2: invalid value "disk" for "log_destination": )"
     "expected auto, or a comma-separated list of stderr, file, syslog, journald"},
    {"[pgring]\nlog_destination = file",
     "pgring.ini:2: log_destination names a file, but logfile and log_directory are empty"},
    {"[pgring]\nlog_filename = a-%Q.log",
     R"(pgring.ini:2: invalid value "a-%Q.log" for "log_filename": "%Q" is none of the sequences )"
     R"(%Y %y %m %d %j %H %M %S %F %%)"},
    {"[pgring]\nlog_filename = a/b",
     R"(pgring.ini:2: invalid value "a/b" for "log_filename": expected a file name without "/"; )"
     "the directory is log_directory"},
    {"[pgring]\nmetrics_listen = ::1:9127",
     R"(pgring.ini:2: invalid value "::1:9127" for "metrics_listen": expected address:port, )"
     "for example 127.0.0.1:9127, [::1]:9127 or *:9127, or a port alone, which means 127.0.0.1"},
    {"[pgring]\nunix_socket_dir =",
     "pgring.ini: listen_addr and unix_socket_dir are both empty: no client could connect"},
    {"[pgring]\nlisten_port =",
     R"(pgring.ini:2: invalid value "" for "listen_port": expected a whole number from 1 to 65535)"},
    {"[pgring]\nlisten_port",
     R"(pgring.ini:2: "listen_port" has no value: write "listen_port = ...")"},
    {"[pgring]\nlisten port = 1", R"(pgring.ini:2: "listen port = 1" is not "name = value")"},
    {"[pgring]\n= 1", R"(pgring.ini:2: "= 1" is not "name = value")"},
    {"listen_port = 1", R"(pgring.ini:1: "listen_port" stands before the first section)"},
    {"[pgrin]\nx = 1", R"(pgring.ini:1: unknown section "pgrin": did you mean "pgring"?)"},
    {"[pgring\nx = 1\n[users]",
     "pgring.ini:1: section \"[pgring\" has no closing \"]\"\n"
     "pgring.ini:2: \"x\" stands before the first section"},
    {"[databases]\n'a = host=x", R"(pgring.ini:2: name in "'a = host=x" has no closing quote)"},
    {"[databases]\na = host=x\na = host=y",
     R"(pgring.ini:3: database "a": defined more than once)"},
    {"[databases]\npgbouncer = host=x",
     R"(pgring.ini:2: database "pgbouncer": this name is reserved for the admin console)"},
    {"[databases]\na = hots=x",
     R"(pgring.ini:2: database "a": unknown connection parameter "hots": did you mean "host"?)"},
    {"[databases]\na = ssl_mode=require",
     R"(pgring.ini:2: database "a": unknown connection parameter "ssl_mode": )"
     R"(did you mean "sslmode"?)"},
    {"[databases]\na = port=70000",
     R"(pgring.ini:2: database "a": invalid value "70000" for "port": )"
     "expected a whole number from 1 to 65535"},
    {"[databases]\na = pool_mode=none",
     R"(pgring.ini:2: database "a": invalid value "none" for "pool_mode": )"
     "expected one of session, transaction, statement"},
    {"[databases]\na = password='geheim",
     R"(pgring.ini:2: database "a": the value of "password" has no closing quote)"},
    {"[databases]\na = password='ge'heim",
     R"(pgring.ini:2: database "a": the value of "password" goes on after its closing quote)"},
    {"[databases]\na = password=ge heim",
     R"(pgring.ini:2: database "a": what follows the value of "password" is not "name=value")"},
    {"[databases]\na = password=''",
     R"(pgring.ini:2: database "a": "password" has an empty value)"},
    {"[databases]\na = host", R"(pgring.ini:2: database "a": "host" is not "name=value")"},
    {"[databases]\na = =x", R"(pgring.ini:2: database "a": a "=" has no name before it)"},
    {"[users]\nweb = pool_sise=1",
     R"(pgring.ini:2: user "web": unknown user parameter "pool_sise": did you mean "pool_size"?)"},
    {"[users]\nweb = pool_size=1\nweb =", R"(pgring.ini:3: user "web": defined more than once)"},
    {"[pgring]\nclient_tls_sslmode = require",
     "pgring.ini:2: client_tls_sslmode = require cannot be used yet: this version cannot enforce "
     "TLS"},
    {"[pgring]\nserver_tls_sslmode = verify-full",
     "pgring.ini:2: server_tls_sslmode = verify-full cannot be used yet: "
     "this version cannot enforce TLS"},
    {"[pgring]\ndisable_pqexec = 1",
     "pgring.ini:2: disable_pqexec = 1 cannot be used yet: this version passes simple queries on"},
    {"[pgring]\nserver_check_query = select '" + std::string(256, 'x') + "'",
     "pgring.ini:2: server_check_query is longer than 255 bytes"},
    {"[databases]\na = connect_query='" + std::string(1024, 'x') + "'",
     R"(pgring.ini: database "a": connect_query is longer than 1023 bytes)"},
};

const Mistake kWarnings[] = {
    {"[pgring]\npool_idle_timeout = 5",
     R"(pgring.ini:2: "pool_idle_timeout" is accepted, but not available in this version)"},
    {"[pgring]\npool_idle_timeout = 0", ""},
    {"[pgring]\npkt_buf = 4096", R"(pgring.ini:2: "pkt_buf" is accepted, but has no meaning here: )"
                                 "buffers come from payload_memory"},
    {"[peers]\n1 = host=/tmp/1\n[peers]\n2 = host=/tmp/2",
     "pgring.ini:1: [peers] is accepted, but has no meaning here: "
     "all processes of one pgring share their cancel keys"},
    {"[pgring]\nlisten_port = 1\nlisten_port = 2",
     R"(pgring.ini:3: "listen_port" is given again; line 2 no longer counts)"},
    {"[databases]\na = host=x host=y",
     R"(pgring.ini:2: database "a": "host" is given more than once; the last one counts)"},
    {"[databases]\na = auth_user=x",
     R"(pgring.ini:2: database "a": "auth_user" is accepted, but not available in this version)"},
    {"[pgring]\nlogfile = /tmp/a\nlog_directory = /tmp",
     "pgring.ini:3: log_directory is not used while logfile is set"},
};

std::string joined(const Lines& lines) {
  std::string text;
  for (const std::string& line : lines) text += (text.empty() ? "" : "\n") + line;
  return text;
}

}  // namespace

TEST_CASE("settings: each mistake is told once, with file, line and what would be right") {
  const ConfigDirectory directory;
  for (const Mistake& mistake : kErrors) {
    const LoadResult result = directory.load_complete(mistake.text);
    CHECK(joined(directory.texts(result.errors)) == std::string(mistake.message));
    CHECK(joined(directory.texts(result.warnings)) == "");
  }
}

TEST_CASE("settings: what is accepted without effect is told once") {
  const ConfigDirectory directory;
  for (const Mistake& mistake : kWarnings) {
    const LoadResult result = directory.load_complete(mistake.text);
    CHECK(joined(directory.texts(result.errors)) == "");
    CHECK(joined(directory.texts(result.warnings)) == std::string(mistake.message));
  }
}

TEST_CASE("settings: authentication this version does not have is an error, default or not") {
  const ConfigDirectory directory;
  const std::string rest =
      " cannot be used yet: this version authenticates nobody itself; set auth_type = trust or "
      "any, and let only trusted clients reach its addresses";
  CHECK(directory.texts(directory.load("[pgbouncer]\n[databases]\n* =").errors) ==
        Lines{"pgring.ini: auth_type = md5 (the default)" + rest});
  for (const char* type : {"md5", "scram-sha-256", "plain", "cert", "hba", "ldap", "pam"}) {
    const std::string text = std::string("[pgbouncer]\nauth_type = ") + type + "\n[databases]\n* =";
    CHECK(directory.texts(directory.load(text).errors) ==
          Lines{std::string("pgring.ini:2: auth_type = ") + type + rest});
  }
  CHECK(directory.texts(directory.load("[pgbouncer]\nauth_type = none\n[databases]\n* =").errors) ==
        Lines{"pgring.ini:2: invalid value \"none\" for \"auth_type\": expected one of any, trust, "
              "plain, md5, scram-sha-256, cert, hba, ldap, pam"});
}

TEST_CASE("settings: auth_type any wants a forced user, and an empty [databases] is remarked") {
  const ConfigDirectory directory;
  CHECK(directory.texts(
            directory.load("[pgring]\nauth_type = any\n[databases]\na = user=x\nb =").warnings) ==
        Lines{"pgring.ini:2: database \"b\" has no user=, which auth_type = any needs"});
  CHECK(directory.texts(directory.load("[pgring]\nauth_type = trust").warnings) ==
        Lines{"pgring.ini: [databases] is empty: clients can reach the admin console only"});
}

TEST_CASE("settings: all mistakes of a file are told, not only the first") {
  const ConfigDirectory directory;
  const LoadResult result = directory.load(
      "[databases]\na = hots=x port=abc\n[pgring]\npol_mode = x\nlisten_port = 0\nauth_type = "
      "hba\n");
  CHECK(result.errors.size() == 5);
}

}  // namespace pgring
