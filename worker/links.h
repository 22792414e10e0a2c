// Which client is linked to which database connection of this worker: from the end of a unit that
// leaves a transaction open (or in session pooling, any unit) until it is over.
#pragma once

#include <cstdint>
#include <vector>

namespace pgring {

class ServerConnection;

class Links {
 public:
  ServerConnection* find(uint32_t client) const {
    return client < by_client_.size() ? by_client_[client] : nullptr;
  }
  void set(uint32_t client, ServerConnection* connection) {
    if (client >= by_client_.size()) by_client_.resize(client + 64, nullptr);
    if (by_client_[client] == nullptr) ++count_;
    by_client_[client] = connection;
  }
  void clear(uint32_t client) {
    if (find(client) == nullptr) return;
    by_client_[client] = nullptr;
    --count_;
  }
  uint32_t count() const { return count_; }

 private:
  std::vector<ServerConnection*> by_client_;
  uint32_t count_ = 0;
};

}  // namespace pgring
