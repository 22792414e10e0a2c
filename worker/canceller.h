// Cancel requests: each on a short connection of its own, without blocking. The server closes it
// once the signal has been sent, so whatever is sent after that is safe from it.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "common/fd.h"
#include "common/poller.h"
#include "common/shared_state.h"

namespace pgring {

class ServerConnection;
struct WorkerContext;

class Canceller {
 public:
  // Poller tokens are `token_base` + index.
  Canceller(WorkerContext& context, uint64_t token_base)
      : context_(context), token_base_(token_base) {}

  // Begins a request; `connection` (null for an orphaned backend) is told when it is finished.
  // False if it could not even be begun.
  bool start(const BackendKey& key, ServerConnection* connection);
  void on_event(uint64_t token);
  void check_timers();
  // The connection is going away and must not be told any more.
  void forget(const ServerConnection* connection);
  bool busy() const;

 private:
  struct Request {
    Fd fd;
    ServerConnection* connection = nullptr;
    uint32_t pid = 0;
    uint32_t key = 0;
    bool sent = false;
    int64_t deadline = 0;  // by cancel_wait_timeout; 0: none
  };
  void finish(Request& request, bool answered);

  WorkerContext& context_;
  uint64_t token_base_;
  std::vector<Request> requests_;
};

}  // namespace pgring
