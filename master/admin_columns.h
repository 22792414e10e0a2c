// The columns of every SHOW: names, order and types are PgBouncer's, whose dashboards must go on
// working; pgring's own tables come last.
#pragma once

#include <array>

#include "master/result_table.h"

namespace pgring::columns {

inline constexpr auto kText = ColumnType::kText;
inline constexpr auto kInt4 = ColumnType::kInt4;
inline constexpr auto kInt8 = ColumnType::kInt8;
inline constexpr auto kNumeric = ColumnType::kNumeric;

inline constexpr auto kPools = std::to_array<Column>({{"database", kText},
                                                      {"user", kText},
                                                      {"cl_active", kInt4},
                                                      {"cl_waiting", kInt4},
                                                      {"cl_active_cancel_req", kInt4},
                                                      {"cl_waiting_cancel_req", kInt4},
                                                      {"sv_active", kInt4},
                                                      {"sv_active_cancel", kInt4},
                                                      {"sv_being_canceled", kInt4},
                                                      {"sv_idle", kInt4},
                                                      {"sv_used", kInt4},
                                                      {"sv_tested", kInt4},
                                                      {"sv_login", kInt4},
                                                      {"maxwait", kInt4},
                                                      {"maxwait_us", kInt4},
                                                      {"pool_mode", kText},
                                                      {"load_balance_hosts", kText}});

inline constexpr auto kStats = std::to_array<Column>({{"database", kText},
                                                      {"total_server_assignment_count", kNumeric},
                                                      {"total_xact_count", kNumeric},
                                                      {"total_query_count", kNumeric},
                                                      {"total_received", kNumeric},
                                                      {"total_sent", kNumeric},
                                                      {"total_xact_time", kNumeric},
                                                      {"total_query_time", kNumeric},
                                                      {"total_wait_time", kNumeric},
                                                      {"total_client_parse_count", kNumeric},
                                                      {"total_server_parse_count", kNumeric},
                                                      {"total_bind_count", kNumeric},
                                                      {"total_client_login_count", kNumeric},
                                                      {"avg_server_assignment_count", kNumeric},
                                                      {"avg_xact_count", kNumeric},
                                                      {"avg_query_count", kNumeric},
                                                      {"avg_recv", kNumeric},
                                                      {"avg_sent", kNumeric},
                                                      {"avg_xact_time", kNumeric},
                                                      {"avg_query_time", kNumeric},
                                                      {"avg_wait_time", kNumeric},
                                                      {"avg_client_parse_count", kNumeric},
                                                      {"avg_server_parse_count", kNumeric},
                                                      {"avg_bind_count", kNumeric},
                                                      {"avg_client_login_count", kNumeric}});

inline constexpr auto kStatsTotals = std::to_array<Column>({{"database", kText},
                                                            {"server_assignment_count", kNumeric},
                                                            {"xact_count", kNumeric},
                                                            {"query_count", kNumeric},
                                                            {"bytes_received", kNumeric},
                                                            {"bytes_sent", kNumeric},
                                                            {"xact_time", kNumeric},
                                                            {"query_time", kNumeric},
                                                            {"wait_time", kNumeric},
                                                            {"client_parse_count", kNumeric},
                                                            {"server_parse_count", kNumeric},
                                                            {"bind_count", kNumeric},
                                                            {"client_login_count", kNumeric}});

// The last four bear a prefix there, too.
inline constexpr auto kStatsAverages =
    std::to_array<Column>({{"database", kText},
                           {"server_assignment_count", kNumeric},
                           {"xact_count", kNumeric},
                           {"query_count", kNumeric},
                           {"bytes_received", kNumeric},
                           {"bytes_sent", kNumeric},
                           {"xact_time", kNumeric},
                           {"query_time", kNumeric},
                           {"wait_time", kNumeric},
                           {"avg_client_parse_count", kNumeric},
                           {"avg_server_parse_count", kNumeric},
                           {"avg_bind_count", kNumeric},
                           {"avg_client_login_count", kNumeric}});

inline constexpr auto kTotals = std::to_array<Column>({{"name", kText}, {"value", kNumeric}});

// SOCKETS has all of them, CLIENTS and SERVERS those up to "id".
inline constexpr auto kSockets = std::to_array<Column>({{"type", kText},
                                                        {"user", kText},
                                                        {"database", kText},
                                                        {"replication", kText},
                                                        {"state", kText},
                                                        {"addr", kText},
                                                        {"port", kInt4},
                                                        {"local_addr", kText},
                                                        {"local_port", kInt4},
                                                        {"connect_time", kText},
                                                        {"request_time", kText},
                                                        {"wait", kInt4},
                                                        {"wait_us", kInt4},
                                                        {"close_needed", kInt4},
                                                        {"ptr", kText},
                                                        {"link", kText},
                                                        {"remote_pid", kInt4},
                                                        {"tls", kText},
                                                        {"application_name", kText},
                                                        {"prepared_statements", kInt4},
                                                        {"id", kInt4},
                                                        {"recv_pos", kInt4},
                                                        {"pkt_pos", kInt4},
                                                        {"pkt_remain", kInt4},
                                                        {"send_pos", kInt4},
                                                        {"send_remain", kInt4},
                                                        {"pkt_avail", kInt4},
                                                        {"send_avail", kInt4}});
inline constexpr std::size_t kConnectionColumns = 21;
static_assert(kSockets[kConnectionColumns - 1].name == "id");
inline constexpr auto kConnections = std::span(kSockets).first<kConnectionColumns>();

inline constexpr auto kDatabases = std::to_array<Column>({{"name", kText},
                                                          {"host", kText},
                                                          {"port", kInt4},
                                                          {"database", kText},
                                                          {"force_user", kText},
                                                          {"pool_size", kInt4},
                                                          {"min_pool_size", kInt4},
                                                          {"reserve_pool_size", kInt4},
                                                          {"server_lifetime", kText},
                                                          {"pool_mode", kText},
                                                          {"load_balance_hosts", kText},
                                                          {"max_connections", kInt4},
                                                          {"current_connections", kInt4},
                                                          {"max_client_connections", kInt4},
                                                          {"current_client_connections", kInt4},
                                                          {"paused", kInt4},
                                                          {"disabled", kInt4}});

inline constexpr auto kUsers = std::to_array<Column>({{"name", kText},
                                                      {"pool_size", kText},
                                                      {"reserve_pool_size", kText},
                                                      {"pool_mode", kText},
                                                      {"max_user_connections", kInt4},
                                                      {"current_connections", kInt4},
                                                      {"max_user_client_connections", kInt4},
                                                      {"current_client_connections", kInt4}});

inline constexpr auto kConfig = std::to_array<Column>(
    {{"key", kText}, {"value", kText}, {"default", kText}, {"changeable", kText}});
inline constexpr auto kLists = std::to_array<Column>({{"list", kText}, {"items", kInt4}});
inline constexpr auto kState = std::to_array<Column>({{"key", kText}, {"value", kText}});
inline constexpr auto kVersionText = std::to_array<Column>({{"version", kText}});
inline constexpr auto kMem = std::to_array<Column>(
    {{"name", kText}, {"size", kInt4}, {"used", kInt4}, {"free", kInt4}, {"memtotal", kInt4}});
inline constexpr auto kPeers = std::to_array<Column>(
    {{"peer_id", kInt4}, {"host", kText}, {"port", kInt4}, {"pool_size", kInt4}});
inline constexpr auto kPeerPools = std::to_array<Column>({{"peer_id", kInt4},
                                                          {"cl_active_cancel_req", kInt4},
                                                          {"cl_waiting_cancel_req", kInt4},
                                                          {"sv_active_cancel", kInt4},
                                                          {"sv_login", kInt4}});
inline constexpr auto kDnsHosts =
    std::to_array<Column>({{"hostname", kText}, {"ttl", kInt8}, {"addrs", kText}});
inline constexpr auto kDnsZones =
    std::to_array<Column>({{"zonename", kText}, {"serial", kInt8}, {"count", kInt4}});

inline constexpr auto kClientEncoding = std::to_array<Column>({{"client_encoding", kText}});
inline constexpr auto kIsolation =
    std::to_array<Column>({{"default_transaction_isolation", kText}});
inline constexpr auto kStrings = std::to_array<Column>({{"standard_conforming_strings", kText}});
inline constexpr auto kDateStyle = std::to_array<Column>({{"datestyle", kText}});
inline constexpr auto kTimeZone = std::to_array<Column>({{"timezone", kText}});
inline constexpr auto kServerVersion = std::to_array<Column>({{"server_version", kText}});

inline constexpr auto kWorkers = std::to_array<Column>({{"worker", kInt4},
                                                        {"pid", kInt4},
                                                        {"state", kText},
                                                        {"sleeping", kInt4},
                                                        {"uptime", kInt8},
                                                        {"restarts", kInt4},
                                                        {"connections", kInt4},
                                                        {"active", kInt4},
                                                        {"idle", kInt4},
                                                        {"login", kInt4},
                                                        {"tasks_claimed", kInt8},
                                                        {"tasks_pipelined", kInt8},
                                                        {"tasks_retried", kInt8},
                                                        {"connections_opened", kInt8},
                                                        {"connections_failed", kInt8},
                                                        {"cancels_sent", kInt8},
                                                        {"sleeps", kInt8},
                                                        {"naps", kInt8},
                                                        {"server_parses", kInt8},
                                                        {"bytes_to_server", kInt8},
                                                        {"bytes_from_server", kInt8}});

inline constexpr auto kLanes = std::to_array<Column>(
    {{"lane", kInt4},           {"database", kText},       {"user", kText},
     {"options", kText},        {"pool_mode", kText},      {"paused", kInt4},
     {"published", kInt8},      {"depth", kInt4},          {"overflow", kInt4},
     {"oldest_wait_us", kInt8}, {"room", kInt4},           {"connections", kInt4},
     {"active", kInt4},         {"idle", kInt4},           {"login", kInt4},
     {"pipeline_depth", kInt4}, {"clients_active", kInt4}, {"clients_waiting", kInt4},
     {"clients_idle", kInt4},   {"queries", kInt8},        {"errors", kInt8},
     {"service_us", kInt4},     {"gathering", kInt4},      {"gathered", kInt8},
     {"line_limit", kInt4}});

inline constexpr auto kLatency = std::to_array<Column>({{"database", kText},
                                                        {"user", kText},
                                                        {"time", kText},
                                                        {"count", kInt8},
                                                        {"avg_us", kInt8},
                                                        {"p50_us", kInt8},
                                                        {"p95_us", kInt8},
                                                        {"p99_us", kInt8},
                                                        {"p999_us", kInt8}});

inline constexpr auto kHistograms = std::to_array<Column>(
    {{"database", kText}, {"user", kText}, {"time", kText}, {"below_us", kInt8}, {"count", kInt8}});

}  // namespace pgring::columns
