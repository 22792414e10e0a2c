// Slots, tokens and burial.
#include "worker/connection_table.h"

#include <utility>

#include "worker/canceller.h"

namespace pgring {

ServerConnection& ConnectionTable::open(LanePool& pool) {
  if (free_.empty()) {
    free_.push_back(static_cast<uint32_t>(slots_.size()));
    slots_.emplace_back();
  }
  const uint32_t slot = free_.back();
  free_.pop_back();
  generation_ = (generation_ + 1) & 0x3fffffff;
  slots_[slot] = std::make_unique<ServerConnection>(context_, pool,
                                                    kTokens | uint64_t{generation_} << 32 | slot);
  pool.add(slots_[slot].get());
  slots_[slot]->start_login();
  return *slots_[slot];
}

ServerConnection* ConnectionTable::find(uint64_t token) const {
  const auto slot = static_cast<uint32_t>(token & 0xffffffff);
  if (slot >= slots_.size() || !slots_[slot] || slots_[slot]->token() != token) return nullptr;
  return slots_[slot].get();
}

bool ConnectionTable::bury() {
  if (!std::exchange(context_.some_finished, false)) return false;
  bool any = false;
  for (uint32_t slot = 0; slot < slots_.size(); ++slot) {
    ServerConnection* connection = slots_[slot].get();
    if (connection == nullptr || !connection->finished()) continue;
    connection->trace("closed");
    context_.canceller->forget(connection);
    LanePool& pool = connection->pool();
    pool.remove(connection);
    slots_[slot].reset();
    pool.give_back_share();
    free_.push_back(slot);
    any = true;
  }
  return any;
}

void ConnectionTable::close_all() { slots_.clear(); }

}  // namespace pgring
