// Claiming, limits and back-off of one lane.
#include "worker/lane_pool.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "common/log.h"
#include "common/platform.h"

namespace pgring {
namespace {

constexpr int64_t kFirstRetry = 100'000;  // microseconds
// Even one core has two things to do: a backend that computes and one whose answers are read.
constexpr uint32_t kLeastCores = 2;
// Lines of gathered reads that are longer are a reason to wake another worker.
constexpr uint32_t kShortLine = 4;
constexpr uint8_t kReads = traffic_bit(TaskTraffic::kIndependentRead);

uint32_t sum_of_connections(const Lane& lane, uint32_t workers) {
  uint32_t sum = 0;
  for (uint32_t w = 1; w <= workers; ++w) {
    sum += lane.shares[w].connections.load(std::memory_order_seq_cst);
  }
  return sum;
}

}  // namespace

LanePool::LanePool(WorkerContext& context, uint32_t number)
    : context_(context), number_(number), machine_cores_(cpu_count()) {}

uint32_t LanePool::line_limit() const {
  if (!gathers()) return 1;
  return has_long_lines() ? config_.pipeline_depth
                          : std::min(config_.pipeline_depth, kOrdinaryLine);
}

uint8_t LanePool::acceptable(const ServerConnection& connection, uint32_t& lines) const {
  if (!has_long_lines()) return connection.acceptable(line_limit());
  if (lines >= cores_) return connection.idle() ? kAnyTraffic & ~kReads : 0;
  if (connection.idle() || connection.flows()) ++lines;
  return connection.acceptable(config_.pipeline_depth);
}

bool LanePool::refresh() {
  const uint32_t workers = context_.state.header->workers_wanted.load(std::memory_order_relaxed);
  cores_ = std::max(kLeastCores, machine_cores_ / std::max(1u, workers));
  gathering_.review(context_.now, cores_);
  long_lines_.review(context_.now, cores_);
  const uint32_t version = lane().version.load(std::memory_order_acquire);
  if (version == version_) return version != 0;
  const std::string before = config_.conninfo;
  const uint32_t generation = config_.generation;
  uint32_t read = 0;
  LaneConfig fresh;
  if (!read_lane_config(lane(), fresh, read)) return version_ != 0;
  config_ = fresh;
  const bool first = version_ == 0;
  version_ = read;
  if (!first && (before != config_.conninfo || config_.closed || config_.paused ||
                 generation != config_.generation)) {
    const std::span<ServerConnection* const> all = roster_.all();
    // Retiring moves them about.
    for (ServerConnection* each : std::vector(all.begin(), all.end())) each->retire();
    failed_logins_ = 0;
    next_login_at_ = 0;
  }
  return true;
}

bool LanePool::has_work() const {
  const Lane& lane = context_.state.lanes[number_];
  return !config_.paused && (has_entries(lane.front) || has_entries(lane.ring));
}

bool LanePool::may_rest() {
  return roster_.in_use().empty() && roster_.neither().empty() && noted_.empty() && !has_work() &&
         !below_minimum() && lane().version.load(std::memory_order_acquire) == version_;
}

void LanePool::wake() {
  if (!std::exchange(awake_, true)) context_.awake_lanes.push_back(this);
}

uint32_t LanePool::claim_task(uint8_t traffics) {
  Task* tasks = context_.state.tasks;
  if (has_entries(lane().front)) {
    const uint32_t task = claim(lane().front, tasks, context_.number, traffics);
    // A task given back keeps its place before the others, even if it must wait.
    if (task != kNoTask || has_entries(lane().front)) return task;
  }
  return claim(lane().ring, tasks, context_.number, traffics);
}

uint32_t LanePool::waiting() const {
  const Lane& lane = context_.state.lanes[number_];
  return depth(lane.front) + depth(lane.ring);
}

// Tails only grow, so any change shows in their sum.
uint64_t LanePool::published() const {
  const Lane& lane = context_.state.lanes[number_];
  return lane.front.tail.load(std::memory_order_seq_cst) +
         lane.ring.tail.load(std::memory_order_seq_cst);
}

uint32_t LanePool::logins() const {
  return static_cast<uint32_t>(
      std::ranges::count_if(roster_.neither(), [](const ServerConnection* connection) {
        return connection->phase() == ServerConnection::Phase::kLogin;
      }));
}

uint32_t LanePool::total_connections() const {
  return sum_of_connections(context_.state.lanes[number_], context_.state.header->worker_count);
}

bool LanePool::has_lines() const {
  return std::ranges::any_of(roster_.in_use(), [](const ServerConnection* connection) {
    return connection->tasks_behind() > 0;
  });
}

uint32_t LanePool::crowded() const {
  if (config_.closed || !roster_.idle().empty()) return 0;
  uint32_t lines = 0;
  uint32_t behind = 0;
  for (const ServerConnection* connection : roster_.in_use()) {
    if (connection->linked_client() != kNoClient) continue;
    if (gathers() && ++lines >= spread()) return 0;
    behind += connection->tasks_behind();
  }
  return gathers() ? std::min(behind, spread() - lines) : behind;
}

// Where reads have long lines, they wait for these; whatever else does takes the next connection.
bool LanePool::needs_connection() const {
  const uint32_t opening = logins();
  if (config_.paused || opening >= waiting() + crowded()) return false;
  if (!has_long_lines() || !has_lines()) return true;
  return opening == 0 && roster_.idle().empty();
}
bool LanePool::below_minimum() const {
  return config_.min_pool_size > 0 && !config_.closed && !config_.paused &&
         total_connections() < config_.min_pool_size;
}
bool LanePool::above_minimum() const { return total_connections() > config_.min_pool_size; }
bool LanePool::may_log_in_now() const { return context_.now >= next_login_at_; }

// The reserve opens when the oldest task has waited too long; without a timeout never.
uint32_t LanePool::size_limit() const {
  if (config_.pool_size == 0 || config_.reserve_pool_timeout_us == 0) return config_.pool_size;
  const Lane& lane = context_.state.lanes[number_];
  const int64_t since =
      oldest_ready_at(has_entries(lane.front) ? lane.front : lane.ring, context_.state.tasks);
  const bool late = since > 0 && context_.now - since >= config_.reserve_pool_timeout_us;
  return late ? config_.pool_size + config_.reserve_pool_size : config_.pool_size;
}

bool LanePool::within_limits(const std::vector<LanePool*>& all, Leave& leave) const {
  if (config_.pool_size > 0 && total_connections() > size_limit()) {
    leave = Leave::kPoolFull;
    return false;
  }
  leave = Leave::kGiven;
  if (config_.max_db_connections == 0 && config_.max_user_connections == 0) return true;
  uint32_t of_database = 0;
  uint32_t of_user = 0;
  for (const LanePool* pool : all) {
    if (pool->config_.database == config_.database) of_database += pool->total_connections();
    if (pool->config_.user == config_.user) of_user += pool->total_connections();
  }
  leave = Leave::kDatabaseFull;
  if (config_.max_db_connections > 0 && of_database > config_.max_db_connections) return false;
  if (config_.max_user_connections > 0 && of_user > config_.max_user_connections) return false;
  leave = Leave::kGiven;
  return true;
}

// Each worker raises its own number first and adds up afterwards, so two of them cannot both slip
// below the limit; at worst both step back and try again.
LanePool::Leave LanePool::take_share(const std::vector<LanePool*>& all) {
  share().connections.store(share().connections.load(std::memory_order_relaxed) + 1,
                            std::memory_order_seq_cst);
  Leave leave = Leave::kGiven;
  if (!within_limits(all, leave)) give_back_share();
  return leave;
}

void LanePool::give_back_share() {
  share().connections.store(share().connections.load(std::memory_order_relaxed) - 1,
                            std::memory_order_seq_cst);
}

void LanePool::add(ServerConnection* connection) { roster_.add(connection); }

void LanePool::note(ServerConnection& connection) {
  using Group = Roster<ServerConnection>::Group;
  roster_.move(&connection, connection.in_use() ? Group::kInUse
                            : connection.idle() ? Group::kIdle
                                                : Group::kNeither);
  context_.some_finished = context_.some_finished || connection.finished();
  if (connection.noted) return;
  connection.noted = true;
  noted_.push_back(&connection);
  wake();
}

void LanePool::remove(ServerConnection* connection) {
  roster_.remove(connection);
  std::erase(noted_, connection);
  wake();
  publish_share();
}

void LanePool::count_server_parses(uint64_t parses) { count(share().server_parses, parses); }
void LanePool::count_gathered() { count(share().gathered); }

void LanePool::login_failed() {
  share().login_failed_at.store(context_.now, std::memory_order_relaxed);
  const int64_t longest = std::max<int64_t>(config_.server_login_retry_us, kFirstRetry);
  const int64_t delay = std::min(longest, kFirstRetry << std::min(failed_logins_, 20u));
  ++failed_logins_;
  next_login_at_ = context_.now + delay;
  context_.wake_at(next_login_at_);
}

void LanePool::login_succeeded() {
  share().login_succeeded_at.store(context_.now, std::memory_order_relaxed);
  failed_logins_ = 0;
  next_login_at_ = 0;
}

uint32_t LanePool::idle_for_reads(uint32_t lines) const {
  const auto idle = static_cast<uint32_t>(roster_.idle().size());
  return has_long_lines() ? std::min(idle, cores_ - std::min(lines, cores_)) : idle;
}

void LanePool::publish_share() {
  for (ServerConnection* connection : noted_) {
    connection->publish_view();
    connection->noted = false;
  }
  noted_.clear();
  const uint32_t limit = std::max(line_limit(), 1u);
  uint32_t room = 0;
  uint32_t load = 0;
  uint32_t lines = 0;
  for (const ServerConnection* connection : roster_.in_use()) {
    const auto line = static_cast<uint32_t>(connection->load());
    load += line;
    if ((acceptable(*connection, lines) & kReads) != 0) room += limit - line;
  }
  room += idle_for_reads(lines) * limit;
  const auto idle = static_cast<uint32_t>(roster_.idle().size());
  const uint32_t logging_in = logins();
  // Where the long lines are full the master does not ring; should they stand still by then, idle
  // connections are to take over.
  if (room == 0 && idle > 0) context_.wake_at(context_.now + config_.pipeline_stall_us);
  const uint32_t short_lines = spread() * kShortLine;
  const uint32_t short_room =
      gathers() ? std::min(room, short_lines - std::min(load, short_lines)) : room;
  const auto total = static_cast<uint32_t>(roster_.all().size());
  share().idle.store(idle, std::memory_order_relaxed);
  share().logging_in.store(logging_in, std::memory_order_relaxed);
  share().active.store(total - idle - logging_in, std::memory_order_relaxed);
  share().room.store(room, std::memory_order_relaxed);
  share().short_room.store(short_room, std::memory_order_relaxed);
  share().service_us.store(static_cast<uint32_t>(service_us()), std::memory_order_relaxed);
  share().gathering.store(gathers() ? spread() : 0, std::memory_order_relaxed);
  share().line_limit.store(line_limit(), std::memory_order_relaxed);
}

}  // namespace pgring
