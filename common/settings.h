// What the configuration says, typed: `Settings` is read by every process, its members directly by
// hot code. Each member bears the name of its setting; meaning, unit and default are described in
// pgring.ini(5), the table of all of them is settings_table.h.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/log.h"

namespace pgring {

using Duration = std::chrono::microseconds;
using StringList = std::vector<std::string>;  // a comma-separated list, blanks around items removed

enum class PoolMode : uint8_t { kSession, kTransaction, kStatement };
enum class AuthType : uint8_t {
  kAny,
  kTrust,
  kPlain,
  kMd5,
  kScramSha256,
  kCert,
  kHba,
  kLdap,
  kPam
};
enum class SslMode : uint8_t { kDisable, kAllow, kPrefer, kRequire, kVerifyCa, kVerifyFull };
enum class LoadBalanceHosts : uint8_t { kDisable, kRoundRobin };
enum class LogFormat : uint8_t { kText, kJson };
enum class SyslogFacility : uint8_t {
  kAuth,
  kAuthpriv,
  kCron,
  kDaemon,
  kFtp,
  kKern,
  kLpr,
  kMail,
  kNews,
  kSyslog,
  kUser,
  kUucp,
  kLocal0,
  kLocal1,
  kLocal2,
  kLocal3,
  kLocal4,
  kLocal5,
  kLocal6,
  kLocal7
};

// Where log records go, several at once. `automatic` (PgBouncer's manner) has been resolved when
// load_settings() returns: standard error, `logfile` or `log_directory` if one is set, and syslog
// if `syslog` is on. It stays true so that -d and -q may take standard error away again.
struct LogTargets {
  bool automatic = false;
  bool stderr_stream = false;
  bool file = false;
  bool syslog = false;
  bool journald = false;
  bool operator==(const LogTargets&) const = default;
};

// One line of [databases]. An empty optional means: the global setting of that name holds.
struct DatabaseSettings {
  std::string name;  // as clients name it; "*" stands for every database without a line of its own
  std::string host;  // comma-separated list; empty: a unix socket in unix_socket_dir
  int port = 5432;
  std::string dbname;  // never empty but for "*", where it means the name the client gave
  std::string user;    // forced user; empty: the client's own
  std::string password;
  std::string connect_query;
  std::string client_encoding;
  std::string datestyle;
  std::string timezone;
  std::string application_name;
  std::string auth_user;
  std::string auth_query;
  std::string auth_dbname;
  std::optional<PoolMode> pool_mode;
  std::optional<int> pool_size;
  std::optional<int> min_pool_size;
  std::optional<int> reserve_pool_size;
  std::optional<int> max_db_connections;
  std::optional<int> max_db_client_connections;
  std::optional<int> pipeline_depth;
  std::optional<Duration> pipeline_stall;
  std::optional<Duration> query_wait_timeout;
  std::optional<Duration> server_lifetime;
  LoadBalanceHosts load_balance_hosts = LoadBalanceHosts::kRoundRobin;
  std::vector<std::pair<std::string, std::string>>
      other;  // handed to libpq as they are: sslmode, …
  bool operator==(const DatabaseSettings&) const = default;
};

// One line of [users]. An empty optional means: the database's or the global setting holds.
struct UserSettings {
  std::string name;
  std::optional<PoolMode> pool_mode;
  std::optional<int> pool_size;
  std::optional<int> reserve_pool_size;
  std::optional<int> max_user_connections;
  std::optional<int> max_user_client_connections;
  std::optional<Duration> query_timeout;
  std::optional<Duration> query_wait_timeout;
  std::optional<Duration> idle_transaction_timeout;
  std::optional<Duration> transaction_timeout;
  std::optional<Duration> client_idle_timeout;
  bool operator==(const UserSettings&) const = default;
};

// What the options -v, -d and -q add to whatever the file says, also after a reload.
struct StartOptions {
  int verbose = 0;
  bool no_terminal = false;  // nothing goes to stderr unless log_destination names it
};

// Zero-initialised; default_settings() gives the documented defaults.
struct Settings {
  StartOptions start_options;

  // Processes, pipelining, memory.
  int worker_processes = 0;  // 0: chosen from the number of cores
  int pipeline_depth = 0;    // 1: off
  Duration pipeline_stall{};
  uint64_t payload_memory = 0;  // bytes
  int task_slots = 0;           // 0: chosen from max_client_conn
  std::string metrics_listen;   // address:port; empty: no status process
  std::string pidfile;
  std::string user;      // unix user to become; empty: stay
  std::string conffile;  // the file these settings came from
  std::string job_name;
  std::string service_name;

  // Listening.
  StringList listen_addr;  // "*": all; empty: no TCP
  int listen_port = 0;     // of TCP and of the unix socket's name
  int listen_backlog = 0;
  std::string unix_socket_dir;  // "@name": abstract; empty: no unix socket
  mode_t unix_socket_mode = 0;
  std::string unix_socket_group;
  bool so_reuseport = false;
  int tcp_defer_accept = 0;
  uint64_t tcp_socket_buffer = 0;  // bytes; 0: the system's
  bool tcp_keepalive = false;
  int tcp_keepcnt = 0;
  Duration tcp_keepidle{};
  Duration tcp_keepintvl{};
  Duration tcp_user_timeout{};

  // Pools.
  PoolMode pool_mode = PoolMode::kTransaction;
  int max_client_conn = 0;
  int default_pool_size = 0;  // 0: no limit
  int min_pool_size = 0;
  int reserve_pool_size = 0;
  Duration reserve_pool_timeout{};
  int max_db_connections = 0;  // here and in the next three 0 means: no limit
  int max_db_client_connections = 0;
  int max_user_connections = 0;
  int max_user_client_connections = 0;
  bool server_round_robin = false;
  StringList track_extra_parameters;
  StringList ignore_startup_parameters;
  int peer_id = 0;
  bool disable_pqexec = false;
  bool application_name_add_host = false;
  int max_prepared_statements = 0;  // per database connection; 0: not tracked

  // Authentication and the admin console.
  AuthType auth_type = AuthType::kMd5;
  std::string auth_file;
  std::string auth_hba_file;
  std::string auth_ident_file;
  std::string auth_user;
  std::string auth_query;
  std::string auth_dbname;
  std::string auth_ldap_options;
  int scram_iterations = 0;
  StringList admin_users;
  StringList stats_users;

  // Database connections.
  std::string server_reset_query;
  bool server_reset_query_always = false;
  Duration server_check_delay{};
  std::string server_check_query;  // "<empty>": an empty query; empty: no check
  bool server_fast_close = false;
  Duration server_lifetime{};  // 0: a connection is used once
  Duration server_idle_timeout{};
  Duration server_connect_timeout{};
  Duration server_login_retry{};
  Duration dns_max_ttl{};
  Duration dns_nxdomain_ttl{};
  Duration dns_zone_check_period{};
  std::string resolv_conf;

  // Timeouts of clients and pools; 0 means: none.
  Duration client_login_timeout{};
  Duration client_idle_timeout{};
  Duration idle_transaction_timeout{};
  Duration transaction_timeout{};
  Duration query_timeout{};
  Duration query_wait_timeout{};
  Duration query_wait_notify{};
  Duration cancel_wait_timeout{};
  Duration suspend_timeout{};
  Duration autodb_idle_timeout{};
  Duration pool_idle_timeout{};
  std::string login_notify_message;

  // TLS.
  SslMode client_tls_sslmode = SslMode::kDisable;
  std::string client_tls_key_file;
  std::string client_tls_cert_file;
  std::string client_tls_ca_file;
  std::string client_tls_protocols;
  std::string client_tls_ciphers;
  std::string client_tls13_ciphers;
  std::string client_tls_ecdhcurve;
  std::string client_tls_dheparams;
  SslMode server_tls_sslmode = SslMode::kPrefer;
  std::string server_tls_ca_file;
  std::string server_tls_key_file;
  std::string server_tls_cert_file;
  std::string server_tls_protocols;
  std::string server_tls_ciphers;
  std::string server_tls13_ciphers;

  // Buffers.
  uint64_t max_packet_size = 0;  // bytes
  uint64_t pkt_buf = 0;          // bytes
  int sbuf_loopcnt = 0;

  // Logging.
  LogTargets log_destination;
  std::string logfile;  // one fixed name, turned over from outside (logrotate and SIGHUP)
  std::string log_directory;
  std::string log_filename;  // strftime pattern, below log_directory
  LogLevel log_level = LogLevel::kInfo;
  int verbose = 0;
  LogFormat log_format = LogFormat::kText;
  Duration log_rotation_age{};     // 0: not by age
  uint64_t log_rotation_size = 0;  // bytes; 0: not by size
  int log_retention_count = 0;     // 0: keep all
  Duration log_retention_age{};    // 0: keep for ever
  bool log_compress = false;
  Duration log_min_duration{};   // negative: off; 0: every statement
  int log_statement_length = 0;  // bytes of a statement's text in the log; 0: none
  bool syslog = false;
  std::string syslog_ident;
  SyslogFacility syslog_facility = SyslogFacility::kDaemon;
  bool log_connections = false;
  bool log_disconnections = false;
  bool log_pooler_errors = false;
  bool log_stats = false;
  Duration stats_period{};

  std::vector<DatabaseSettings> databases;
  std::vector<UserSettings> users;
};

}  // namespace pgring
