// All database connections of a worker, by slot. The poller's token of a connection names slot and
// generation, so that an event for one that is gone never reaches its successor in the slot.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "worker/lane_pool.h"
#include "worker/server_connection.h"

namespace pgring {

class ConnectionTable {
 public:
  // Tokens have this bit set.
  static constexpr uint64_t kTokens = uint64_t{1} << 63;

  explicit ConnectionTable(WorkerContext& context) : context_(context) {}

  // Adds a connection to the pool, whose share has been taken, and begins its login.
  ServerConnection& open(LanePool& pool);
  // Null where it is gone.
  ServerConnection* find(uint64_t token) const;
  // Destroys what has died, and what was to be closed and is free now. True if there was any.
  bool bury();
  void close_all();

  template <typename Fn>
  void for_each(Fn fn) const {
    for (const auto& connection : slots_) {
      if (connection) fn(*connection);
    }
  }

 private:
  WorkerContext& context_;
  std::vector<std::unique_ptr<ServerConnection>> slots_;
  std::vector<uint32_t> free_;
  uint32_t generation_ = 0;
};

}  // namespace pgring
