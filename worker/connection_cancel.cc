// What the master asks of units that a connection has: to be cancelled, or thrown away because
// their client is gone.
#include "worker/canceller.h"
#include "worker/lane_pool.h"
#include "worker/server_connection.h"

namespace pgring {
namespace {

// A request that had no effect is made again after this time, then after twice as long, and so on.
constexpr int64_t kCancelAgain = 50'000;
constexpr uint8_t kMostCancels = 6;

}  // namespace

void ServerConnection::on_attention() {
  if (phase_ != Phase::kReady || line_.empty()) return;
  const Change change(*this);
  for (std::size_t i = 0; i < line_.size(); ++i) look_at_requests(line_[i]);
  if (withdraw_cancelled()) return;
  cancel_front();
  feed();
  if (!line_.empty() && reading_paused_ && !window_full(line_.front())) {
    reading_paused_ = false;
    update_interest();
    if (stream_.has_buffered()) receive();
  }
}

void ServerConnection::look_at_requests(Unit& unit) {
  if (unit.purpose != UnitPurpose::kTask) return;
  const uint32_t requests = context_.task(unit.task).requests.load(std::memory_order_acquire);
  if ((requests & (kRequestCancel | kRequestAbandon)) == 0) return;
  if (!unit.cancel_sent) unit.cancel_wanted = true;
  if ((requests & kRequestAbandon) != 0) unit.abandoned = true;
}

void ServerConnection::cancel_front() {
  if (line_.empty() || cancel_pending_) return;
  Unit& unit = line_.front();
  if (!unit.cancel_wanted || !unit.started || unit.cancel_sent) return;
  // Nobody waits for it: not worth the trouble to its neighbours.
  if (unit.abandoned && has_tasks_behind()) return;
  trace_unit(LogLevel::kDebug, unit, "to be cancelled");
  unit.cancel_sent = true;
  unit.cancel_wanted = false;
  unit.cancel_again_at = context_.now + (kCancelAgain << unit.cancels++);
  context_.wake_at(unit.cancel_again_at);
  give_back_line();  // the request may come too late, and hit the next one
  for (std::size_t i = 1; i < line_.size(); ++i) line_[i].cancel_risk = true;  // who could not go
  if (backend_place_ == BackendRegistry::kNone) return;
  cancel_pending_ = context_.canceller->start(context_.backends.at(backend_place_), this);
  if (cancel_pending_) count(context_.slot.counters.cancels_sent);
}

// PostgreSQL ignores a request that comes before it has read the statement.
void ServerConnection::repeat_cancel() {
  if (line_.empty() || cancel_pending_) return;
  Unit& unit = line_.front();
  if (!unit.cancel_sent || unit.failed || unit.cancels == kMostCancels) return;
  if (context_.now < unit.cancel_again_at) return context_.wake_at(unit.cancel_again_at);
  unit.cancel_sent = false;
  unit.cancel_wanted = true;
  cancel_front();
}

void ServerConnection::cancel_for_leaving() {
  if (phase_ != Phase::kReady || line_.empty() || !line_.front().started || cancel_pending_) return;
  if (backend_place_ == BackendRegistry::kNone) return;
  context_.canceller->start(context_.backends.at(backend_place_), nullptr);
}

void ServerConnection::cancel_finished(bool answered) {
  const Change change(*this);
  cancel_pending_ = false;
  // Nobody knows whether it will still hit whoever comes next.
  if (!answered) retire();
  if (line_.empty()) {
    became_free();
  } else {
    cancel_front();
    feed();
    cancel_front();  // it may have been wanted before anything was sent
  }
}

}  // namespace pgring
