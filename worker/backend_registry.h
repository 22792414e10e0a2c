// The cancel keys of this worker's backends, in shared memory where they outlive the worker.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string_view>

#include "common/shared_state.h"

namespace pgring {

class BackendRegistry {
 public:
  explicit BackendRegistry(WorkerSlot& slot) : slot_(slot) {}

  static constexpr uint32_t kNone = 0xffffffff;
  // The place of the new entry; kNone when all are in use or the socket has no peer.
  uint32_t add(int fd, int32_t pid, uint32_t key, uint32_t lane, std::string_view tls = {},
               int64_t now = 0);
  void remove(uint32_t place);
  BackendKey& at(uint32_t place) { return slot_.backends[place]; }

 private:
  WorkerSlot& slot_;
  uint32_t next_ = 0;
};

}  // namespace pgring
