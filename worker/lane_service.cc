// The lanes' turn in the worker's loop.
#include "worker/lane_service.h"

#include "worker/placement.h"

namespace pgring {

void LaneService::serve(bool claiming) {
  claiming_ = claiming;
  tasks_wait_ = false;
  const uint32_t used = context_.state.header->lane_count.load(std::memory_order_acquire);
  while (lanes_.size() < used) {
    lanes_.push_back(std::make_unique<LanePool>(context_, static_cast<uint32_t>(lanes_.size())));
    pointers_.push_back(lanes_.back().get());
  }
  for (auto& pool : lanes_) {
    if (pool->refresh() && claiming) serve_lane(*pool);
  }
}

bool LaneService::has_news() const {
  if (context_.state.header->lane_count.load(std::memory_order_acquire) != lanes_.size())
    return true;
  if (!claiming_) return false;
  for (const auto& pool : lanes_) {
    if (pool->has_news()) return true;
  }
  return false;
}

void LaneService::serve_lane(LanePool& pool) {
  pool.look();
  if (pool.has_work()) take_tasks(pool);
  while (pool.has_work() && pool.needs_connection() && pool.may_log_in_now()) {
    if (!open_connection(pool)) break;
  }
  if (pool.below_minimum() && pool.may_log_in_now()) open_connection(pool);
  tasks_wait_ = tasks_wait_ || pool.has_work();
  if (!pool.connections().empty()) pool.publish_share();
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
