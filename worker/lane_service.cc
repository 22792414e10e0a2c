// The lanes' turn in the worker's loop.
#include "worker/lane_service.h"

#include <algorithm>
#include <utility>

#include "worker/placement.h"

namespace pgring {
namespace {

// A line that keeps its backend busy for a while.
constexpr std::size_t kLongLine = 16;
// A shorter sleep costs more than it saves; a longer one could be felt (microseconds).
constexpr double kLeastLeisure = 20;
constexpr double kMostLeisure = 300;

}  // namespace

void LaneService::serve(bool claiming) {
  claiming_ = claiming;
  tasks_wait_ = false;
  const uint32_t used = context_.state.header->lane_count.load(std::memory_order_acquire);
  while (lanes_.size() < used) {
    lanes_.push_back(std::make_unique<LanePool>(context_, static_cast<uint32_t>(lanes_.size())));
    pointers_.push_back(lanes_.back().get());
    seen_of_lane_.push_back(0);
    lanes_.back()->wake();
  }
  look_for_news();
  std::vector<LanePool*>& awake = context_.awake_lanes;
  for (std::size_t i = 0; i < awake.size();) {
    LanePool& pool = *awake[i];
    if (pool.refresh() && claiming) serve_lane(pool);
    if (!pool.roster().all().empty()) pool.publish_share();
    if (claiming && pool.may_rest()) {
      pool.rest();
      awake[i] = awake.back();
      awake.pop_back();
    } else {
      ++i;
    }
  }
}

// NEWS: before lanes are looked at, so that what is published behind this load counts as news.
void LaneService::look_for_news() {
  const SharedHeader& header = *context_.state.header;
  const bool all = std::exchange(context_.all_lanes, !claiming_);
  const uint64_t news = header.news.load(std::memory_order_seq_cst);
  if (!all && news == seen_) return;
  seen_ = news;
  for (std::size_t lane = 0; lane < lanes_.size(); ++lane) {
    const uint32_t of_lane = header.lane_news[lane].load(std::memory_order_acquire);
    if (all || of_lane != seen_of_lane_[lane]) lanes_[lane]->wake();
    seen_of_lane_[lane] = of_lane;
  }
}

bool LaneService::has_news() const {
  if (context_.state.header->lane_count.load(std::memory_order_acquire) != lanes_.size())
    return true;
  if (!claiming_) return false;
  if (context_.state.header->news.load(std::memory_order_seq_cst) != seen_) return true;
  return std::ranges::any_of(context_.awake_lanes,
                             [](const LanePool* pool) { return pool->has_news(); });
}

std::size_t LaneService::under_way() const {
  std::size_t units = 0;
  for (const LanePool* pool : context_.awake_lanes) {
    for (const ServerConnection* connection : pool->roster().in_use()) units += connection->load();
  }
  return units;
}

int64_t LaneService::leisure() const {
  double leisure = kMostLeisure;
  bool busy = false;
  for (const LanePool* pool : context_.awake_lanes) {
    for (const ServerConnection* connection : pool->roster().in_use()) {
      if (connection->linked_client() != kNoClient) return 0;
      const std::size_t line = connection->load();
      if (line == 0) continue;
      if (line < kLongLine || !pool->gathers()) return 0;
      const double answers = std::min(static_cast<double>(line) / 2, pool->answers_ahead());
      if (answers < 1) return 0;
      busy = true;
      leisure = std::min(leisure, pool->service_us() * answers);
    }
  }
  return busy && leisure >= kLeastLeisure ? static_cast<int64_t>(leisure) : 0;
}

void LaneService::serve_lane(LanePool& pool) {
  pool.look();
  if (pool.has_work()) take_tasks(pool);
  while (pool.needs_connection() && pool.may_log_in_now()) {
    if (!open_connection(pool)) break;
  }
  if (pool.below_minimum() && pool.may_log_in_now()) open_connection(pool);
  tasks_wait_ = tasks_wait_ || pool.has_work();
}

void LaneService::take_tasks(LanePool& pool) {
  while (pool.has_work()) {
    const uint8_t traffics = acceptable_traffic(pool);
    if (traffics == 0) return;
    const uint32_t number = pool.claim_task(traffics);
    if (number == kNoTask) return;
    count(context_.slot.counters.tasks_claimed);
    const Placement place = choose_connection(pool, context_.task(number));
    if (place.gathered) pool.count_gathered();
    place.connection->add_task(number);
  }
}

bool LaneService::open_connection(LanePool& pool) {
  switch (pool.take_share(pointers_)) {
    case LanePool::Leave::kGiven:
      return connections_.open(pool).phase() != ServerConnection::Phase::kDead;
    case LanePool::Leave::kPoolFull:
      return false;
    case LanePool::Leave::kDatabaseFull:
      evict_for(pool);
      return false;
  }
  return false;
}

// The limit of a database or user is used up by idle connections of other lanes: one of ours goes.
void LaneService::evict_for(const LanePool& pool) {
  ServerConnection* oldest = nullptr;
  connections_.for_each([&](ServerConnection& connection) {
    if (!connection.idle() || &connection.pool() == &pool) return;
    const LaneConfig& config = connection.pool().config();
    if (config.database != pool.config().database && config.user != pool.config().user) return;
    if (oldest == nullptr || connection.idle_since() < oldest->idle_since()) oldest = &connection;
  });
  if (oldest != nullptr) oldest->retire();
}

}  // namespace pgring
