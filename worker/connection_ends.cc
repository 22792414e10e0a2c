// How a unit ends, and what becomes of the connection then.
#include <fmt/format.h>

#include <algorithm>

#include "common/log.h"
#include "common/wire.h"
#include "worker/lane_pool.h"
#include "worker/server_connection.h"

namespace pgring {
namespace {

// Often enough: a statement that takes its backend down every time must not go on doing so.
constexpr uint8_t kMaxAttempts = 3;

// Of an ErrorResponse; one that is too long to be gathered has left nothing.
std::string_view body_of(std::string_view error) {
  return error.substr(std::min<std::size_t>(error.size(), 5));
}

const char* name_of(UnitPurpose purpose) {
  switch (purpose) {
    case UnitPurpose::kTask:
    case UnitPurpose::kHusk:
      return "a statement";
    case UnitPurpose::kConnectQuery:
      return "connect_query";
    case UnitPurpose::kParameters:
      return "setting the client's parameters";
    case UnitPurpose::kReset:
      return "server_reset_query";
    case UnitPurpose::kCheck:
      return "server_check_query";
  }
  return "";
}

}  // namespace

void ServerConnection::conclude(Unit& unit, char status) {
  status_ = status;
  session_.aborted = status == 'E';
  if (status != 'I' && (unit.retry || line_.size() > 1)) {
    log_error("{}: a statement taken for independent left a transaction open", pool_.config().name);
    die("those behind it are not to run in that transaction");
    return;
  }
  if (unit.steps > 0) drop_steps(unit);
  if (unit.purpose == UnitPurpose::kTask) {
    conclude_task(unit, status);
  } else {
    conclude_internal(unit, status);
  }
  if (phase_ != Phase::kReady) return;
  if (line_.empty()) {
    became_free();
    return;
  }
  settle_made_up(false);
  cancel_front();
  feed();
}

void ServerConnection::conclude_task(Unit& unit, char status) {
  if (unit.retry) {
    retry_task(unit);
    remove_front();
    return;
  }
  const bool link = (status != 'I' || unit.session) && !unit.terminates;
  trace_unit(LogLevel::kNoise, unit,
             link ? "answered; the client keeps the connection" : "answered");
  FrameHeader end = frame_of(unit, FrameKind::kEnd);
  end.flags = link ? kFrameLinked : 0;
  if (unit.unnamed_failed) end.flags |= kFrameUnnamedFailed;
  end.status = static_cast<uint8_t>(status);
  end.name_operations = unit.name_operations;
  const int64_t now = monotonic_us();
  const int64_t elapsed = now - unit.started_at;
  pool_.note_service(now - front_since_, unit.traffic, unit.forwarded);
  front_since_ = now;
  end.server_us = static_cast<uint32_t>(std::min<int64_t>(elapsed, UINT32_MAX));
  context_.frames.end(end);
  needs_reset_ = needs_reset_ || unit.session || pool_.config().reset_always;
  if (pool_.config().server_lifetime_us == 0) retire();  // each is used once
  if (link) note_unnamed(unit);
  const uint32_t client = unit.client;
  const bool over = unit.terminates;
  remove_front();
  if (!link) {
    unlink();
  } else if (linked_client_ != client) {
    linked_client_ = client;
    context_.links.set(client, this);
  }
  if (over) die("");  // the server closes it
}

// A linked client's unnamed statement may be asked for when it can no longer be made anew: in a
// transaction that has failed.
void ServerConnection::note_unnamed(const Unit& unit) {
  const uint64_t serial = context_.task(unit.task).unnamed_serial;
  if (serial == 0 || unit.first_reply != '1' || session_.unnamed != UnnamedOwner{}) return;
  session_.unnamed = {unit.client, serial};
}

void ServerConnection::conclude_internal(Unit& unit, char status) {
  const UnitPurpose purpose = unit.purpose;
  const bool failed = unit.failed;
  remove_front();
  switch (purpose) {
    case UnitPurpose::kTask:
    case UnitPurpose::kHusk:
      return;
    case UnitPurpose::kParameters: {
      if (line_.empty()) break;  // the task behind it was taken back
      const Unit waiting = line_.front();
      if (failed) {
        fail_task(waiting, 0, server_farewell_);
        line_.pop_front();
        session_.parameters.forget();
      } else {
        session_.parameters.apply(
            context_.state.parameter_sets[context_.task(waiting.task).parameter_set]);
      }
      break;
    }
    case UnitPurpose::kReset:
      session_.parameters.forget_unreported();
      break;
    case UnitPurpose::kCheck:
      idle_since_ = context_.now;
      break;
    case UnitPurpose::kConnectQuery:
      if (failed) {
        const std::string_view body = body_of(server_farewell_);
        refuse(wire::error_field(body, 'C'),
               fmt::format("connect_query failed: {}", wire::error_field(body, 'M')));
      } else {
        pool_.login_succeeded();
      }
      break;
  }
  if (status != 'I') {
    die("a query of the configuration left a transaction open");
  } else if (failed && purpose != UnitPurpose::kParameters) {
    log_warning("{}: {} failed: {}; the connection is closed", pool_.config().name,
                name_of(purpose), wire::error_field(body_of(server_farewell_), 'M'));
    die("");
  }
  server_farewell_.clear();
}

void ServerConnection::became_free() {
  if (cancel_pending_ || linked_client_ != kNoClient || !line_.empty()) return;
  idle_since_ = context_.now;
  if (needs_reset_ && pool_.config().reset_query[0] != '\0' && !retiring_) {
    needs_reset_ = false;
    add_internal(UnitPurpose::kReset, pool_.config().reset_query);
    return;
  }
  needs_reset_ = false;
}

void ServerConnection::release_client() {
  const Change change(*this);
  unlink();
  if (!line_.empty() || status_ != 'I') {
    die("");  // the server rolls back
    return;
  }
  became_free();
}

void ServerConnection::remove_front() {
  line_.pop_front();
  if (next_ > 0) --next_;
}

void ServerConnection::unlink() {
  if (linked_client_ == kNoClient) return;
  context_.links.clear(linked_client_);
  linked_client_ = kNoClient;
}

void ServerConnection::retry_task(const Unit& unit, uint8_t flags) {
  trace_unit(LogLevel::kDebug, unit, "given back, to run elsewhere");
  Task& task = context_.task(unit.task);
  task.consumed.store(0, std::memory_order_seq_cst);
  FrameHeader header = frame_of(unit, FrameKind::kRetry);
  header.flags = flags;
  context_.frames.frame(header);
  count(context_.slot.counters.tasks_retried);
}

void ServerConnection::fail_task(const Unit& unit, uint8_t flags, std::string_view error) {
  FrameHeader header = frame_of(unit, FrameKind::kFailed);
  header.flags = flags;
  context_.frames.frame(header, error);
}

// Tells the task of `unit` what the death of this connection means for it.
void ServerConnection::fail_unit(const Unit& unit, const Loss& known) {
  Loss loss = known;
  if (unit.purpose == UnitPurpose::kTask) {
    const Task& task = context_.task(unit.task);
    const uint64_t published = task.published.load(std::memory_order_acquire);
    const bool whole = (published & kStreamClosed) != 0 && !unit.copying &&
                       (published & ~kStreamClosed) <= kPayloadWindow;
    loss.repeatable = unit.taken == 0 || (whole && (loss.behind || task.attempts < kMaxAttempts));
  }
  context_.scratch.clear();
  switch (outcome_of(unit, loss)) {
    case Outcome::kNone:
      return;
    case Outcome::kRetry:
      retry_task(unit, loss.behind ? kFrameMoved : uint8_t{0});
      return;
    case Outcome::kUnknown:
      wire::append_error(context_.scratch,
                         {.sqlstate = "08007",
                          .message = "connection to server was lost while the statement was "
                                     "running; whether it took effect is unknown"});
      fail_task(unit, 0, {context_.scratch.data(), context_.scratch.size()});
      return;
    case Outcome::kLost:
      if (!server_farewell_.empty() || unit.terminates) {
        fail_task(unit, kFrameFatal, server_farewell_);
        return;
      }
      wire::append_error(
          context_.scratch,
          {.severity = "FATAL", .sqlstate = "08006", .message = "connection to server was lost"});
      fail_task(unit, kFrameFatal, {context_.scratch.data(), context_.scratch.size()});
      return;
  }
}

}  // namespace pgring
