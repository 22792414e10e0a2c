// The functions behind SHOW, by file: admin_show_pools.cc, admin_show_lanes.cc,
// admin_show_stats.cc, admin_show_sockets.cc, admin_show_settings.cc, admin_show_state.cc; and
// behind the other commands: admin_control.cc.
#pragma once

#include "master/admin_services.h"

namespace pgring {

void show_pools(AdminCall& call);
void show_workers(AdminCall& call);
void show_lanes(AdminCall& call);
void show_latency(AdminCall& call);
void show_histograms(AdminCall& call);

void show_stats(AdminCall& call);
void show_stats_totals(AdminCall& call);
void show_stats_averages(AdminCall& call);
void show_totals(AdminCall& call);

void show_clients(AdminCall& call);
void show_servers(AdminCall& call);
void show_sockets(AdminCall& call);
void show_active_sockets(AdminCall& call);

void show_databases(AdminCall& call);
void show_users(AdminCall& call);
void show_config(AdminCall& call);

void show_lists(AdminCall& call);
void show_mem(AdminCall& call);
void show_state(AdminCall& call);
void show_version(AdminCall& call);
void show_help(AdminCall& call);
// PgBouncer's tables of things that pgring does not have.
void show_nothing(AdminCall& call);
// What drivers ask every server.
void show_driver_parameter(AdminCall& call);

void run_set(AdminCall& call);
void run_reload(AdminCall& call);
void run_pause(AdminCall& call);
void run_resume(AdminCall& call);
void run_disable(AdminCall& call);
void run_enable(AdminCall& call);
void run_reconnect(AdminCall& call);
void run_kill(AdminCall& call);
void run_kill_client(AdminCall& call);
void run_wait_close(AdminCall& call);
void run_suspend(AdminCall& call);
void run_shutdown(AdminCall& call);

}  // namespace pgring
