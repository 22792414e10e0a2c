// What one worker has of one lane: its copy of the configuration, its connections, and the leave to
// open more, which all workers share through the lane's counts.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "worker/gathering.h"
#include "worker/long_lines.h"
#include "worker/roster.h"
#include "worker/server_connection.h"
#include "worker/worker_context.h"

namespace pgring {

class LanePool {
 public:
  LanePool(WorkerContext& context, uint32_t number);

  // Takes over a changed configuration, and what recent statements say about how they are best
  // placed; once per loop. False while the lane has no configuration.
  bool refresh();
  const LaneConfig& config() const { return config_; }
  uint32_t number() const { return number_; }
  Lane& lane() { return context_.state.lanes[number_]; }
  // Its connections, by what can be done with them.
  const Roster<ServerConnection>& roster() const { return roster_; }

  // Tasks wait in the lane and may be claimed.
  bool has_work() const;
  // It need not be looked at until something is published (the lane's news), a connection changes
  // or the master asks for attention.
  bool may_rest();
  void wake();
  void rest() { awake_ = false; }
  // Remembers what has been published; has_news(): something has been since (seq_cst, for
  // sleepers).
  void look() { seen_ = published(); }
  bool has_news() const { return !config_.paused && published() != seen_; }
  // Takes the oldest waiting task whose traffic is among `traffics`; kNoTask if there is none.
  uint32_t claim_task(uint8_t traffics);
  // One more connection is needed for what waits, or for what should not stand in line, and none
  // that is being opened will do.
  bool needs_connection() const;
  // min_pool_size, over all workers.
  bool below_minimum() const;
  bool above_minimum() const;
  bool may_log_in_now() const;

  // The share of this worker in the limit of the pool, database and user.
  enum class Leave : uint8_t { kGiven, kPoolFull, kDatabaseFull };
  Leave take_share(const std::vector<LanePool*>& all);

  // A statement was at the front of its connection for so long, and was answered with so much.
  void note_service(int64_t us, TaskTraffic traffic, uint64_t reply_bytes) {
    gathering_.note(us);
    reply_bytes_ += (static_cast<double>(reply_bytes) - reply_bytes_) / 16;
    if (traffic == TaskTraffic::kIndependentRead) long_lines_.note(us);
  }
  double service_us() const { return gathering_.average(); }
  // So many answers like the recent ones a backend can give before it waits for us to read them.
  double answers_ahead() const { return kSocketBuffer / std::max(reply_bytes_, 1.0); }
  // Recent statements are short enough for lines; see gathering.h.
  bool gathers() const { return config_.pipeline_depth > 1 && gathering_.wanted(); }
  // How many connections are kept busy before lines are formed: where reads are very short as many
  // as there are cores for this worker.
  uint32_t spread() const { return has_long_lines() ? cores_ : gathering_.lines(); }
  // Reads gather in long lines on so many connections, and on no others; see long_lines.h.
  bool has_long_lines() const {
    return config_.pipeline_depth > kOrdinaryLine && !config_.round_robin && gathers() &&
           long_lines_.wanted();
  }
  // How long a line may be.
  uint32_t line_limit() const;
  // Which kinds of task one of the roster may take now. Those in use are to be asked first, in
  // their order, then an idle one: the first that can serve reads have the long lines. `lines`, 0
  // before the first, counts them.
  uint8_t acceptable(const ServerConnection& connection, uint32_t& lines) const;

  void add(ServerConnection* connection);
  // What the connection can be given may have changed.
  void note(ServerConnection& connection);
  void remove(ServerConnection* connection);
  // Once it has been closed.
  void give_back_share();
  void count_server_parses(uint64_t parses);
  void count_gathered();
  void login_failed();
  void login_succeeded();
  // Tells the other processes what this worker has.
  void publish_share();

 private:
  LaneShare& share() const { return context_.state.lanes[number_].shares[context_.number]; }
  uint32_t total_connections() const;
  uint32_t logins() const;
  // Some stand behind others.
  bool has_lines() const;
  // How many do only because there is no further connection: of short ones, as long as there are
  // fewer lines than cores.
  uint32_t crowded() const;
  // How many of the idle connections take reads, after `lines` of those in use.
  uint32_t idle_for_reads(uint32_t lines) const;
  uint32_t waiting() const;
  uint64_t published() const;
  bool within_limits(const std::vector<LanePool*>& all, Leave& leave) const;
  uint32_t size_limit() const;

  // A socket holds at least this much, in bytes.
  static constexpr double kSocketBuffer = 64 * 1024;
  // Longer lines are for very short reads only.
  static constexpr uint32_t kOrdinaryLine = 32;

  WorkerContext& context_;
  uint32_t number_;
  uint32_t machine_cores_;
  uint32_t cores_ = 0;  // for this worker
  Gathering gathering_;
  double reply_bytes_ = 0;  // moving average
  LongLines long_lines_;
  uint32_t version_ = 0;
  uint64_t seen_ = 0;
  LaneConfig config_{};
  bool awake_ = false;  // among the context's awake lanes
  Roster<ServerConnection> roster_;
  std::vector<ServerConnection*> noted_;  // whose view is to be published anew
  uint32_t failed_logins_ = 0;
  int64_t next_login_at_ = 0;
};

}  // namespace pgring
