// Writing ServerStatus.
#include "master/server_status_publisher.h"

#include <unistd.h>

#include <chrono>

#include "common/clock.h"
#include "master/capacity.h"
#include "master/list_counts.h"

namespace pgring {
namespace {

template <typename T, typename V>
void set(std::atomic<T>& to, V value) {
  to.store(static_cast<T>(value), std::memory_order_relaxed);
}

}  // namespace

void publish_start(ServerStatus& status) {
  const auto wall = std::chrono::system_clock::now().time_since_epoch();
  set(status.started_at, monotonic_us());
  set(status.tick_at, monotonic_us());
  set(status.started_at_unix_us,
      std::chrono::duration_cast<std::chrono::microseconds>(wall).count());
  set(status.master_pid, getpid());
}

void publish_server_status(Context& context, const Frontend& frontend, const MasterReport& report) {
  ServerStatus& status = context.state.header->status;
  const ListCounts counts = count_lists(context, frontend);
  set(status.tick_at, context.now);
  set(status.logger_pid, report.logger_pid);
  set(status.stopping, report.stopping);
  set(status.paused, context.pools.all_paused());
  set(status.workers_wanted, worker_count(context.settings));
  set(status.logger_restarts, report.logger_restarts);
  set(status.status_restarts, report.status_restarts);
  set(status.databases, counts.databases);
  set(status.users, counts.users);
  set(status.pools, counts.pools);
  set(status.used_clients, counts.used_clients);
  set(status.login_clients, counts.login_clients);
  set(status.free_clients, counts.free_clients);
  set(status.console_clients, counts.console_clients);
  set(status.used_servers, counts.used_servers);
  set(status.max_clients, context.settings.max_client_conn);
  set(status.tasks_free, context.tasks.free_tasks());
  set(status.blocks, context.tasks.block_count());
  set(status.blocks_free, context.tasks.free_blocks());
}

}  // namespace pgring
