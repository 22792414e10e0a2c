// What SHOW SERVERS tells of a connection: refreshed once per loop, never on the path of a message.
#include "worker/lane_pool.h"
#include "worker/server_connection.h"

namespace pgring {

void ServerConnection::publish_view() {
  if (backend_place_ == BackendRegistry::kNone) return;
  BackendKey& view = context_.backends.at(backend_place_);
  const Unit* front = line_.empty() ? nullptr : &line_.front();
  BackendState state = BackendState::kIdle;
  uint32_t client = linked_client_;
  if (front || client != kNoClient) state = BackendState::kActive;
  if (cancel_pending_) state = BackendState::kBeingCanceled;
  if (front && front->purpose == UnitPurpose::kTask) client = front->client;
  // Relaxed: a reader only shows the values.
  const auto set = [](auto& field, auto value) { field.store(value, std::memory_order_relaxed); };
  if (front && front->started_at > 0) set(view.request_at, front->started_at);
  set(view.state, state);
  set(view.client, client);
  set(view.line, static_cast<uint32_t>(line_.size()));
  set(view.prepared, session_.prepared.size());
  set(view.close_needed, retiring_ ? 1u : 0u);
}

}  // namespace pgring
