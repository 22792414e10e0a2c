// The one list of settings. To add one: a line here and a member in Settings; `make check` then
// asks for its place in etc/pgring.ini and pgring.ini(5).
#pragma once

#include <algorithm>
#include <array>

#include "common/settings_entry.h"

namespace pgring {

inline constexpr std::string_view kAuthQuery =
    "SELECT rolname, CASE WHEN rolvaliduntil < now() THEN NULL ELSE rolpassword END "
    "FROM pg_authid WHERE rolname=$1 AND rolcanlogin";
inline constexpr std::string_view kNamesByLibpq =
    "host names are looked up by libpq whenever a connection is opened";

namespace rows {

using S = Settings;
inline constexpr auto kSettings = std::to_array<Entry<Settings>>({
    entry<&S::admin_users>("admin_users"),
    entry<&S::application_name_add_host>("application_name_add_host", "0").later(),
    entry<&S::auth_dbname>("auth_dbname").later(),
    entry<&S::auth_file>("auth_file").later(),
    entry<&S::auth_hba_file>("auth_hba_file").later(),
    entry<&S::auth_ident_file>("auth_ident_file").later(),
    entry<&S::auth_ldap_options>("auth_ldap_options").later(),
    entry<&S::auth_query>("auth_query", kAuthQuery).later(),
    entry<&S::auth_type>("auth_type", "md5"),
    entry<&S::auth_user>("auth_user").later(),
    entry<&S::autodb_idle_timeout>("autodb_idle_timeout", "3600", kSeconds).later(),
    entry<&S::cancel_wait_timeout>("cancel_wait_timeout", "10", kSeconds),
    entry<&S::client_idle_timeout>("client_idle_timeout", "0", kSeconds),
    entry<&S::client_login_timeout>("client_login_timeout", "60", kSeconds),
    entry<&S::client_tls13_ciphers>("client_tls13_ciphers").later(),
    entry<&S::client_tls_ca_file>("client_tls_ca_file").later(),
    entry<&S::client_tls_cert_file>("client_tls_cert_file").later(),
    entry<&S::client_tls_ciphers>("client_tls_ciphers", "default").later(),
    entry<&S::client_tls_dheparams>("client_tls_dheparams", "auto").later(),
    entry<&S::client_tls_ecdhcurve>("client_tls_ecdhcurve", "auto").later(),
    entry<&S::client_tls_key_file>("client_tls_key_file").later(),
    entry<&S::client_tls_protocols>("client_tls_protocols", "secure").later(),
    entry<&S::client_tls_sslmode>("client_tls_sslmode", "disable").later(),
    entry<&S::conffile>("conffile").ignored("a reload reads the file pgring was started with"),
    entry<&S::default_pool_size>("default_pool_size", "20", kCount),
    entry<&S::disable_pqexec>("disable_pqexec", "0").restart().later(),
    entry<&S::dns_max_ttl>("dns_max_ttl", "15", kSeconds).ignored(kNamesByLibpq),
    entry<&S::dns_nxdomain_ttl>("dns_nxdomain_ttl", "15", kSeconds).ignored(kNamesByLibpq),
    entry<&S::dns_zone_check_period>("dns_zone_check_period", "0", kSeconds).ignored(kNamesByLibpq),
    entry<&S::idle_transaction_timeout>("idle_transaction_timeout", "0", kSeconds),
    entry<&S::ignore_startup_parameters>("ignore_startup_parameters"),
    entry<&S::job_name>("job_name", "pgbouncer").restart().ignored("it names a Windows service"),
    entry<&S::listen_addr>("listen_addr").restart(),
    entry<&S::listen_backlog>("listen_backlog", "128", count(0, 65535)).restart(),
    entry<&S::listen_port>("listen_port", "6432", kPort).restart(),
    entry<&S::log_compress>("log_compress", "0").ours(),
    entry<&S::log_connections>("log_connections", "1"),
    entry<&S::log_destination>("log_destination", "auto").ours(),
    entry<&S::log_directory>("log_directory").ours(),
    entry<&S::log_disconnections>("log_disconnections", "1"),
    entry<&S::log_filename>("log_filename", "pgring-%Y-%m-%d_%H%M%S.log").ours(),
    entry<&S::log_format>("log_format", "text").ours(),
    entry<&S::log_level>("log_level", "info").ours(),
    entry<&S::log_min_duration>("log_min_duration", "-1", {-1, kLongestTime, Unit::kTime}).ours(),
    entry<&S::log_pooler_errors>("log_pooler_errors", "1"),
    entry<&S::log_retention_age>("log_retention_age", "0", kTime).ours(),
    entry<&S::log_retention_count>("log_retention_count", "30", kCount).ours(),
    entry<&S::log_rotation_age>("log_rotation_age", "1d", kTime).ours(),
    entry<&S::log_rotation_size>("log_rotation_size", "100MB", size(0, int64_t{1} << 40)).ours(),
    entry<&S::log_statement_length>("log_statement_length", "1024", count(0, 8000)).ours(),
    entry<&S::log_stats>("log_stats", "1"),
    entry<&S::logfile>("logfile"),
    entry<&S::login_notify_message>("login_notify_message").later(),
    entry<&S::max_client_conn>("max_client_conn", "100", count(1, 1'000'000)),
    entry<&S::max_db_client_connections>("max_db_client_connections", "0", kCount).later(),
    entry<&S::max_db_connections>("max_db_connections", "0", kCount),
    entry<&S::max_packet_size>("max_packet_size", "2147483647", bytes(8192, 2147483647)),
    entry<&S::max_prepared_statements>("max_prepared_statements", "200", kCount),
    entry<&S::max_user_client_connections>("max_user_client_connections", "0", kCount).later(),
    entry<&S::max_user_connections>("max_user_connections", "0", kCount),
    entry<&S::metrics_listen>("metrics_listen").ours(),
    entry<&S::min_pool_size>("min_pool_size", "0", kCount),
    entry<&S::payload_memory>("payload_memory", "64MB", size(1 << 20, int64_t{1} << 40))
        .restart()
        .ours(),
    entry<&S::peer_id>("peer_id", "0", count(0, 16383))
        .ignored("all processes of one pgring share their cancel keys"),
    entry<&S::pidfile>("pidfile").restart(),
    entry<&S::pipeline_depth>("pipeline_depth", "256", count(1, 1024)).ours(),
    entry<&S::pipeline_stall>("pipeline_stall", "5ms", kTime).ours(),
    entry<&S::pkt_buf>("pkt_buf", "4096", bytes(0, 1 << 30))
        .restart()
        .ignored("buffers come from payload_memory"),
    entry<&S::pool_idle_timeout>("pool_idle_timeout", "0", kSeconds).later(),
    entry<&S::pool_mode>("pool_mode", "transaction"),
    entry<&S::query_timeout>("query_timeout", "0", kSeconds),
    entry<&S::query_wait_notify>("query_wait_notify", "5", kSeconds).later(),
    entry<&S::query_wait_timeout>("query_wait_timeout", "120", kSeconds),
    entry<&S::reserve_pool_size>("reserve_pool_size", "0", kCount),
    entry<&S::reserve_pool_timeout>("reserve_pool_timeout", "5", kSeconds),
    entry<&S::resolv_conf>("resolv_conf").restart().ignored(kNamesByLibpq),
    entry<&S::sbuf_loopcnt>("sbuf_loopcnt", "5", kCount)
        .ignored("every loop has a fixed share for each connection"),
    entry<&S::scram_iterations>("scram_iterations", "4096", count(1, 10'000'000)).later(),
    entry<&S::server_check_delay>("server_check_delay", "30", kSeconds),
    entry<&S::server_check_query>("server_check_query", "<empty>"),
    entry<&S::server_connect_timeout>("server_connect_timeout", "15", kSeconds),
    entry<&S::server_fast_close>("server_fast_close", "0").later(),
    entry<&S::server_idle_timeout>("server_idle_timeout", "600", kSeconds),
    entry<&S::server_lifetime>("server_lifetime", "3600", kSeconds),
    entry<&S::server_login_retry>("server_login_retry", "15", kSeconds),
    entry<&S::server_reset_query>("server_reset_query", "DISCARD ALL"),
    entry<&S::server_reset_query_always>("server_reset_query_always", "0"),
    entry<&S::server_round_robin>("server_round_robin", "0"),
    entry<&S::server_tls13_ciphers>("server_tls13_ciphers").later(),
    entry<&S::server_tls_ca_file>("server_tls_ca_file").later(),
    entry<&S::server_tls_cert_file>("server_tls_cert_file").later(),
    entry<&S::server_tls_ciphers>("server_tls_ciphers", "default").later(),
    entry<&S::server_tls_key_file>("server_tls_key_file").later(),
    entry<&S::server_tls_protocols>("server_tls_protocols", "secure").later(),
    entry<&S::server_tls_sslmode>("server_tls_sslmode", "prefer"),
    entry<&S::service_name>("service_name").restart().ignored("it names a Windows service"),
    entry<&S::so_reuseport>("so_reuseport", "0").restart(),
    entry<&S::stats_period>("stats_period", "60", {1'000'000, kLongestTime, Unit::kSeconds}),
    entry<&S::stats_users>("stats_users"),
    entry<&S::suspend_timeout>("suspend_timeout", "10", kSeconds).later(),
    entry<&S::syslog>("syslog", "0"),
    entry<&S::syslog_facility>("syslog_facility", "daemon"),
    entry<&S::syslog_ident>("syslog_ident", "pgring"),
    entry<&S::task_slots>("task_slots", "0", count(0, 1 << 20)).restart().ours(),
    entry<&S::tcp_defer_accept>("tcp_defer_accept", "1", count(0, 3600)).restart(),
    entry<&S::tcp_keepalive>("tcp_keepalive", "1"),
    entry<&S::tcp_keepcnt>("tcp_keepcnt", "0", count(0, 127)),
    entry<&S::tcp_keepidle>("tcp_keepidle", "0", kSeconds),
    entry<&S::tcp_keepintvl>("tcp_keepintvl", "0", kSeconds),
    entry<&S::tcp_socket_buffer>("tcp_socket_buffer", "0", bytes(0, 1 << 30)),
    entry<&S::tcp_user_timeout>("tcp_user_timeout", "0", {0, kLongestTime, Unit::kMilliseconds}),
    entry<&S::track_extra_parameters>("track_extra_parameters", "IntervalStyle").restart(),
    entry<&S::transaction_timeout>("transaction_timeout", "0", kSeconds),
    entry<&S::unix_socket_dir>("unix_socket_dir", "/tmp").restart(),
    entry<&S::unix_socket_group>("unix_socket_group").restart(),
    entry<&S::unix_socket_mode>("unix_socket_mode", "0777").restart(),
    entry<&S::user>("user").restart(),
    entry<&S::verbose>("verbose", "0", kCount),
    entry<&S::worker_processes>("worker_processes", "0", count(0, 64)).ours(),
});
using D = DatabaseSettings;
inline constexpr auto kDatabaseKeys = std::to_array<Entry<DatabaseSettings>>({
    entry<&D::application_name>("application_name"),
    entry<&D::auth_dbname>("auth_dbname").later(),
    entry<&D::auth_query>("auth_query").later(),
    entry<&D::auth_user>("auth_user").later(),
    entry<&D::client_encoding>("client_encoding"),
    entry<&D::connect_query>("connect_query"),
    entry<&D::datestyle>("datestyle"),
    entry<&D::dbname>("dbname"),
    entry<&D::host>("host"),
    entry<&D::load_balance_hosts>("load_balance_hosts", "round-robin").later(),
    entry<&D::max_db_client_connections>("max_db_client_connections", "", kCount).later(),
    entry<&D::max_db_connections>("max_db_connections", "", kCount),
    entry<&D::min_pool_size>("min_pool_size", "", kCount),
    entry<&D::password>("password"),
    entry<&D::pipeline_depth>("pipeline_depth", "", count(1, 1024)).ours(),
    entry<&D::pipeline_stall>("pipeline_stall", "", kTime).ours(),
    entry<&D::pool_mode>("pool_mode"),
    entry<&D::pool_size>("pool_size", "", kCount),
    entry<&D::port>("port", "5432", kPort),
    entry<&D::query_wait_timeout>("query_wait_timeout", "", kSeconds),
    entry<&D::reserve_pool_size>("reserve_pool", "", kCount),
    entry<&D::reserve_pool_size>("reserve_pool_size", "", kCount),
    entry<&D::server_lifetime>("server_lifetime", "", kSeconds),
    entry<&D::timezone>("timezone"),
    entry<&D::user>("user"),
});

using U = UserSettings;
inline constexpr auto kUserKeys = std::to_array<Entry<UserSettings>>({
    entry<&U::client_idle_timeout>("client_idle_timeout", "", kSeconds),
    entry<&U::idle_transaction_timeout>("idle_transaction_timeout", "", kSeconds),
    entry<&U::max_user_client_connections>("max_user_client_connections", "", kCount).later(),
    entry<&U::max_user_connections>("max_user_connections", "", kCount),
    entry<&U::pool_mode>("pool_mode"),
    entry<&U::pool_size>("pool_size", "", kCount),
    entry<&U::query_timeout>("query_timeout", "", kSeconds),
    entry<&U::query_wait_timeout>("query_wait_timeout", "", kSeconds),
    entry<&U::reserve_pool_size>("reserve_pool_size", "", kCount),
    entry<&U::transaction_timeout>("transaction_timeout", "", kSeconds),
});
}  // namespace rows

using rows::kDatabaseKeys;
using rows::kSettings;
using rows::kUserKeys;
static_assert(kSettings.size() == 119, "a setting was added or lost: is every copy up to date?");
static_assert(std::is_sorted(kSettings.begin(), kSettings.end(),
                             [](const auto& a, const auto& b) { return a.name < b.name; }));
static_assert(kDatabaseKeys.size() == 25 && kUserKeys.size() == 10);

template <typename Table>
constexpr auto find_entry(const Table& table, std::string_view name) {
  const auto* found =
      std::find_if(table.begin(), table.end(), [&](const auto& e) { return e.name == name; });
  return found == table.end() ? nullptr : found;
}

// What [databases] hands to libpq as it is. gssencmode is missing: it is always disabled.
inline constexpr auto kLibpqKeys = std::to_array<std::string_view>({
    "channel_binding",
    "connect_timeout",
    "fallback_application_name",
    "hostaddr",
    "keepalives",
    "keepalives_count",
    "keepalives_idle",
    "keepalives_interval",
    "krbsrvname",
    "options",
    "passfile",
    "requirepeer",
    "service",
    "ssl_max_protocol_version",
    "ssl_min_protocol_version",
    "sslcert",
    "sslcrl",
    "sslcrldir",
    "sslkey",
    "sslmode",
    "sslpassword",
    "sslrootcert",
    "sslsni",
    "target_session_attrs",
    "tcp_user_timeout",
});

}  // namespace pgring
