// What the master tells the status process about itself: beside the lanes' and workers' counters
// the only things that /metrics, /healthz and /readyz know. Only the master writes, with every tick
// (at least twice a second); no value depends on another, so all stores and loads are relaxed.
#pragma once

#include <atomic>
#include <cstdint>

namespace pgring {

struct ServerStatus {
  std::atomic<int64_t> tick_at;     // monotonic us; grows old when the master's loop hangs
  std::atomic<int64_t> started_at;  // monotonic us
  std::atomic<int64_t> started_at_unix_us;
  std::atomic<int32_t> master_pid;
  std::atomic<int32_t> logger_pid;  // 0: between two of them
  std::atomic<uint32_t> stopping;   // 1: takes no new clients
  std::atomic<uint32_t> paused;     // 1: PAUSE of all databases
  std::atomic<uint32_t> workers_wanted;
  std::atomic<uint64_t> logger_restarts;
  std::atomic<uint64_t> status_restarts;
  // As in SHOW LISTS.
  std::atomic<uint32_t> databases;
  std::atomic<uint32_t> users;
  std::atomic<uint32_t> pools;
  std::atomic<uint32_t> used_clients;
  std::atomic<uint32_t> login_clients;
  std::atomic<uint32_t> free_clients;
  std::atomic<uint32_t> used_servers;
  std::atomic<uint32_t> console_clients;
  std::atomic<uint32_t> max_clients;  // the setting
  // As in SHOW MEM.
  std::atomic<uint32_t> tasks_free;
  std::atomic<uint32_t> blocks;  // of payload; those for statements not counted
  std::atomic<uint32_t> blocks_free;
};

}  // namespace pgring
