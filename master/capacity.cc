// From settings to numbers.
#include "master/capacity.h"

#include <algorithm>

#include "common/platform.h"
#include "common/shared_state.h"

namespace pgring {

uint32_t task_count(const Settings& settings) {
  if (settings.task_slots > 0) return static_cast<uint32_t>(settings.task_slots);
  return static_cast<uint32_t>(std::clamp(settings.max_client_conn + 64, 256, 16384));
}

uint32_t block_count(const Settings& settings) {
  return static_cast<uint32_t>(std::max<uint64_t>(settings.payload_memory / kBlockSize, 64));
}

// One worker serves what two cores can do; more workers help where there are cores for them beside
// the master's, the clients' and PostgreSQL's.
uint32_t worker_count(const Settings& settings) {
  const auto wanted = settings.worker_processes > 0
                          ? static_cast<uint32_t>(settings.worker_processes)
                          : std::max(1u, cpu_count() / 4);
  return std::min(wanted, kMaxWorkers);
}

// How many users will come is not known; one pool for each database is the least.
ServerNeeds server_needs(const Settings& settings) {
  ServerNeeds needs;
  needs.max_client_conn = static_cast<uint64_t>(std::max(settings.max_client_conn, 0));
  for (const DatabaseSettings& database : settings.databases) {
    needs.server_connections +=
        static_cast<uint64_t>(std::max(database.pool_size.value_or(settings.default_pool_size), 0));
  }
  if (!settings.listen_addr.empty()) {
    needs.listen_backlog = static_cast<uint64_t>(std::max(settings.listen_backlog, 0));
    needs.listen_port = static_cast<uint64_t>(std::max(settings.listen_port, 0));
  }
  needs.shared_bytes = SharedState::bytes_needed(task_count(settings), block_count(settings));
  needs.keepalive_set = settings.tcp_keepalive && settings.tcp_keepidle.count() > 0;
  return needs;
}

}  // namespace pgring
