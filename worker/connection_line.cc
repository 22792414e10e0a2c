// Units that stand behind another's in a line and must not wait for it any longer: the statement in
// front runs for too long (a lock, a client that does not read, much work), or it is to be
// cancelled, or they are themselves. Their bytes are in the socket already, so the server will run
// them; but they are reads, and nothing of their replies has been seen: they run again elsewhere,
// and what stays in the line is a husk whose reply is dropped.
#include <algorithm>

#include "common/wire.h"
#include "worker/lane_pool.h"
#include "worker/server_connection.h"

namespace pgring {
namespace {

// Of pipeline_stall; see the manual there.
constexpr int64_t kPatience = 10;

bool may_leave(const Unit& unit) {
  return unit.purpose == UnitPurpose::kTask && unit.closed &&
         unit.traffic == TaskTraffic::kIndependentRead;
}

}  // namespace

void ServerConnection::check_line() {
  if (phase_ != Phase::kReady || line_.size() < 2) return;
  if (line_.front().purpose != UnitPurpose::kTask || !line_.front().started) return;
  const int64_t patience = kPatience * pool_.config().pipeline_stall_us;
  if (context_.now - front_since_ < patience) {
    context_.wake_at(front_since_ + patience);
  } else {
    give_back_line();
    cancel_front();
  }
}

// All but the front, in their order.
void ServerConnection::give_back_line() {
  for (std::size_t i = 1; i < next_; ++i) {
    if (may_leave(line_[i])) leave_husk(line_[i]);
  }
  const std::size_t last = line_.size() - 1;
  if (last == 0 || last < next_ || line_[last].started) return;
  give_back(line_[last]);
  remove(last);
}

uint32_t ServerConnection::tasks_behind() const {
  uint32_t tasks = 0;
  for (std::size_t i = 0; i < line_.size(); ++i) {
    const UnitPurpose purpose = line_[i].purpose;
    if (purpose == UnitPurpose::kTask || purpose == UnitPurpose::kHusk) ++tasks;
  }
  return tasks - std::min(tasks, 1u);
}

bool ServerConnection::has_tasks_behind() const {
  for (std::size_t i = 1; i < line_.size(); ++i) {
    if (line_[i].purpose == UnitPurpose::kTask) return true;
  }
  return false;
}

// To the master. A unit that is to be cancelled ends here.
void ServerConnection::give_back(const Unit& unit) {
  if (!unit.cancel_wanted) {
    retry_task(unit, kFrameMoved);
    return;
  }
  context_.scratch.clear();
  wire::append_error(context_.scratch,
                     {.sqlstate = "57014", .message = "canceling statement due to user request"});
  fail_task(unit, 0, {context_.scratch.data(), context_.scratch.size()});
}

void ServerConnection::leave_husk(Unit& unit) {
  give_back(unit);
  unit.purpose = UnitPurpose::kHusk;
  unit.task = kNoTask;
  unit.client = kNoClient;
  unit.cancel_wanted = false;
}

// Takes units out of the line that were cancelled before they had their turn. True if the
// connection has died of it.
bool ServerConnection::withdraw_cancelled() {
  for (std::size_t i = line_.size(); i-- > 0;) {
    Unit& unit = line_[i];
    // What a linked client's transaction makes of the cancel, only the server can say.
    if (!unit.cancel_wanted || linked_client_ != kNoClient) continue;
    if (i > 0 && i < next_ && may_leave(unit)) leave_husk(unit);
    if (i < next_ || unit.started) continue;
    give_back(unit);
    remove(i);
  }
  return end_unfinished();
}

// The reply of a stream that its client has left unfinished would never end. True: died of it.
bool ServerConnection::end_unfinished() {
  if (line_.empty() || !line_.front().abandoned || line_.front().closed) return false;
  die("the client left in the middle of a statement");
  return true;
}

void ServerConnection::remove(std::size_t index) {
  for (std::size_t i = index; i + 1 < line_.size(); ++i) line_[i] = line_[i + 1];
  line_.pop_back();
}

}  // namespace pgring
