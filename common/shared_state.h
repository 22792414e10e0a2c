// Everything that lies in the shared mapping, and who writes what. All types are trivially copyable
// or lock-free atomics; there are no pointers in it and no locks.
#pragma once

#include <sys/socket.h>

#include <atomic>
#include <cstdint>

#include "common/server_status.h"
#include "common/task.h"
#include "common/task_ring.h"

namespace pgring {

constexpr uint32_t kMaxWorkers = 64;
constexpr uint32_t kMaxLanes = 256;
constexpr uint32_t kMaxBackendsPerWorker = 512;
constexpr uint32_t kMaxStatements = 8192;
constexpr uint32_t kMaxParameterSets = 4096;

// How to connect for a lane, and the limits that hold for it. The master writes it whole, with
// `version` odd while it does; a worker copies it and checks that version was even and unmoved.
struct LaneConfig {
  char name[64];  // "database/user", for log lines
  // As clients name it, and of the server's side: for the status process. Cut where too long.
  char database_name[256];
  char user_name[256];
  char conninfo[3072];  // for libpq, with everything but what the worker adds itself
  char connect_query[1024];
  char reset_query[256];
  char check_query[256];
  uint32_t database;  // index shared by all lanes of one database
  uint32_t pool_size;
  uint32_t min_pool_size;
  uint32_t reserve_pool_size;
  int64_t reserve_pool_timeout_us;
  uint32_t max_db_connections;  // 0: no limit
  uint32_t max_user_connections;
  uint32_t user;       // index shared by all lanes of one user
  uint32_t pool_mode;  // a PoolMode, for the status process
  uint32_t pipeline_depth;
  int64_t pipeline_stall_us;
  int64_t server_lifetime_us;  // 0: each connection is used once
  int64_t server_idle_timeout_us;
  int64_t server_connect_timeout_us;
  int64_t server_login_retry_us;
  int64_t server_check_delay_us;
  uint32_t max_prepared_statements;
  bool reset_always;  // the reset query also after transaction pooling
  bool round_robin;
  bool paused;          // claim nothing from this lane, close connections as they become free
  bool closed;          // drain: close connections as they become free
  uint32_t generation;  // RECONNECT: connections of an earlier one close as they become free
};

// What one worker has of a lane. Only that worker writes; the master clears it after its death, but
// for the counters, which the worker's successor goes on with.
struct LaneShare {
  std::atomic<uint32_t> connections;  // opening ones included: the pool's limit is over the sum
  std::atomic<uint32_t> idle;
  std::atomic<uint32_t> active;
  std::atomic<uint32_t> logging_in;
  std::atomic<uint32_t> room;        // how many tasks the worker could place without opening
  std::atomic<uint32_t> short_room;  // ... in short lines: beyond, another worker is to be woken
  std::atomic<uint32_t> service_us;  // moving average of the time at the front of a connection
  std::atomic<uint32_t> gathering;  // short reads line up once so many connections are busy; 0: not
  std::atomic<uint32_t> line_limit;  // how long a line may be now
  std::atomic<uint64_t> gathered;    // short reads lined up though another connection was idle
  std::atomic<uint64_t> server_parses;
  std::atomic<int64_t> login_failed_at;     // of a connection, monotonic us; 0: never
  std::atomic<int64_t> login_succeeded_at;  // likewise
};

// What clients of a lane have seen. Only the master writes; SHOW and the status process read.
// Times are in microseconds. Bucket b of a histogram counts durations in [2^b, 2^(b+1)) us; the
// first holds everything below 2 us, the last everything above.
constexpr uint32_t kHistogramBuckets = 32;
struct LatencyHistogram {
  std::atomic<uint64_t> buckets[kHistogramBuckets];
  std::atomic<uint64_t> sum_us;
};
struct LaneStats {
  std::atomic<uint64_t> server_assignments;
  std::atomic<uint64_t> transactions;
  std::atomic<uint64_t> queries;
  std::atomic<uint64_t> bytes_received;  // from clients
  std::atomic<uint64_t> bytes_sent;      // to clients
  std::atomic<uint64_t> transaction_us;
  std::atomic<uint64_t> query_us;
  std::atomic<uint64_t> wait_us;
  std::atomic<uint64_t> client_parses;
  std::atomic<uint64_t> binds;
  std::atomic<uint64_t> client_logins;
  std::atomic<uint64_t> errors;
  std::atomic<uint32_t> clients_active;
  std::atomic<uint32_t> clients_waiting;
  std::atomic<uint32_t> clients_idle;
  std::atomic<uint32_t> overflow;             // clients whose task found the lane full
  std::atomic<int64_t> oldest_waiting_since;  // monotonic us, 0: nobody waits
  LatencyHistogram queue;
  LatencyHistogram server;
  LatencyHistogram total;
};

struct Lane {
  TaskRing ring;
  TaskRing front;                 // tasks given back after a crash; looked at first
  std::atomic<uint32_t> version;  // of config; even: complete, 0: the lane has never been used
  LaneConfig config;
  LaneShare shares[kMaxWorkers + 1];  // by worker number, from 1
  LaneStats stats;
};

enum class BackendState : uint32_t { kIdle, kActive, kBeingCanceled };

// A live backend: its cancel key, kept where it outlives its worker, and what SHOW SERVERS tells of
// it. Only the worker writes; `pid` is stored last and cleared first.
struct BackendKey {
  std::atomic<int32_t> pid;  // 0: unused
  uint32_t key;
  uint32_t lane;
  socklen_t address_length;
  sockaddr_storage address;
  // The worker refreshes the rest once per loop; a reader may see a mixture of two loops.
  sockaddr_storage local;
  char tls[64];                       // "TLSv1.3/TLS_AES_256_GCM_SHA384"; empty: none
  std::atomic<int64_t> connected_at;  // monotonic us
  std::atomic<int64_t> request_at;    // of the last unit's begin; 0: none yet
  std::atomic<BackendState> state;
  std::atomic<uint32_t> client;        // whose unit is at the front, or linked; kNoClient
  std::atomic<uint32_t> line;          // units on the connection
  std::atomic<uint32_t> prepared;      // statements held
  std::atomic<uint32_t> close_needed;  // 1: closes as soon as it is free
};

// Counters a worker keeps per lane would be too many; these are per worker. Only it writes them.
struct WorkerCounters {
  std::atomic<uint64_t> tasks_claimed;
  std::atomic<uint64_t> tasks_pipelined;  // sent behind a busy statement
  std::atomic<uint64_t> tasks_retried;
  std::atomic<uint64_t> connections_opened;
  std::atomic<uint64_t> connections_failed;
  std::atomic<uint64_t> cancels_sent;
  std::atomic<uint64_t> sleeps;
  std::atomic<uint64_t> naps;  // answers were left to gather
  std::atomic<uint64_t> server_parses;
  std::atomic<uint64_t> bytes_to_server;
  std::atomic<uint64_t> bytes_from_server;
};

struct WorkerSlot {
  TaskRing mailbox;                            // tasks of clients linked to this worker
  alignas(64) std::atomic<uint32_t> sleeping;  // 1: only a doorbell wakes it; see task_ring.h
  std::atomic<uint32_t> attention;  // raised by the master: look at requests, windows, configs
  std::atomic<int32_t> pid;
  std::atomic<uint32_t> stop;       // master: 1 leave when free of work, 2 leave now
  std::atomic<uint32_t> restarts;   // master: how often a worker here died and was replaced
  std::atomic<int64_t> started_at;  // master: monotonic us
  WorkerCounters counters;
  BackendKey backends[kMaxBackendsPerWorker];
  // Keys of backends orphaned by this slot's predecessor, to be cancelled by this worker first: the
  // same array, scanned at start before any new entry is made.
};

// A statement of the dictionary: text and parameter types of a client's named Parse. The master
// writes it before any task refers to it and reuses it only when none does.
constexpr uint32_t kInlineStatement = 448;
constexpr uint32_t kMaxStatementBlocks = 32;
struct StatementEntry {
  uint64_t serial;  // never used twice; the server-side name is "pgring_<serial>"
  uint32_t length;  // of the Parse message's body behind the name: text NUL, int16, types
  TaskTraffic traffic;
  uint32_t blocks[kMaxStatementBlocks];  // where length > kInlineStatement: the bytes beyond
  char bytes[kInlineStatement];
};

// A client's tracked startup parameters: "name\0value\0" repeated, values of length 0 allowed.
// Same life as a StatementEntry.
constexpr uint32_t kParameterSetBytes = 1000;
struct ParameterSet {
  uint64_t serial;  // never used twice
  uint32_t length;
  char bytes[kParameterSetBytes];
};

struct SharedHeader {
  uint32_t task_count;
  uint32_t block_count;
  std::atomic<uint32_t> worker_count;    // highest slot that may be in use
  std::atomic<uint32_t> workers_wanted;  // so many shall run and divide the cores
  std::atomic<uint32_t> lane_count;      // lanes ever used; grows only
  std::atomic<uint32_t> lingering;  // 1: looking again before sleep pays. Only the master writes
  std::atomic<int64_t> cancel_wait_timeout_us;  // the setting; 0: none. Only the master writes
  // News of the lanes, so that a worker need not look at those that it has nothing to do for.
  alignas(64) std::atomic<uint64_t> news;      // of any lane
  std::atomic<uint32_t> lane_news[kMaxLanes];  // of each
  ServerStatus status;                         // the master's
};

// The mapping cut into its parts. Cheap to copy; every process makes its own from the header.
struct SharedState {
  SharedHeader* header;
  WorkerSlot* workers;  // [0] unused, so that worker numbers are indices
  Lane* lanes;
  Task* tasks;
  StatementEntry* statements;
  ParameterSet* parameter_sets;
  char* blocks;

  static std::size_t bytes_needed(uint32_t task_count, uint32_t block_count);
  // Lays the parts out in zeroed memory of at least bytes_needed().
  static SharedState create(char* memory, uint32_t task_count, uint32_t block_count,
                            uint32_t worker_count);
  char* block(uint32_t number) const { return blocks + uint64_t{number} * kBlockSize; }
};

// Master. Something has been published on the lane; before looking who sleeps.
inline void announce(SharedHeader& header, uint32_t lane) {
  std::atomic<uint32_t>& of_lane = header.lane_news[lane];
  of_lane.store(of_lane.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  // ANNOUNCE: pairs with the loads of news before a worker sleeps.
  header.news.store(header.news.load(std::memory_order_relaxed) + 1, std::memory_order_seq_cst);
}
// Master. Publishes a new configuration of a lane; workers are to be alerted then.
void write_lane_config(Lane& lane, const LaneConfig& config);
// Worker. False while the master is writing: try again in the next loop.
bool read_lane_config(const Lane& lane, LaneConfig& config, uint32_t& version);

}  // namespace pgring
