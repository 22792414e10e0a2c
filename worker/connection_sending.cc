// A connection's way out: starting units, taking their payload, writing.
#include "common/wire.h"
#include "worker/lane_pool.h"
#include "worker/server_connection.h"

namespace pgring {

void ServerConnection::add_task(uint32_t number) {
  const Change change(*this);
  const Task& task = context_.task(number);
  Unit unit;
  unit.traffic = task.traffic;
  unit.task = number;
  unit.turn = TaskWord::unpack(task.word.load(std::memory_order_relaxed)).turn;
  unit.client = task.client;
  unit.session = task.session;
  if (!line_.empty()) count(context_.slot.counters.tasks_pipelined);
  look_at_requests(line_.push_back(unit));
  // The request for a cancel goes out once the unit is started.
  if (line_.back().cancel_wanted) {
    context_.slot.attention.fetch_add(1, std::memory_order_relaxed);
  }
  feed();
  check_line();
}

void ServerConnection::add_internal(UnitPurpose purpose, std::string_view sql) {
  Unit unit;
  unit.purpose = purpose;
  unit.started = unit.closed = true;
  unit.started_at = context_.now;
  unit.stream_start = sent_total_ + queued();
  wire::Builder(out_, 'Q').text(sql);
  session_.forget_unnamed();
  line_.push_front(unit);
  ++next_;
  want_flush();
}

// Sends as much as may be sent of the units in line.
void ServerConnection::feed() {
  while (phase_ == Phase::kReady && next_ < line_.size()) {
    if (!line_[next_].started && !may_start(line_[next_])) return;
    Unit& unit = line_[next_];
    if (context_.task(unit.task).kind == TaskKind::kHello) return answer_hello();
    if (!unit.started) start(unit);
    if (unit.probing) return;  // nothing may come behind the probe
    if (unit.ready) {
      if (!finish_message(unit)) return;
      continue;
    }
    if (!take(unit)) return;
    ++next_;
  }
}

// The only unit in line: the client's parameters hold now, and this is how the server spells them.
void ServerConnection::answer_hello() {
  const Unit unit = line_.front();
  context_.scratch.clear();
  session_.parameters.for_each_reported([&](std::string_view name, std::string_view value) {
    wire::append_parameter_status(context_.scratch, name, value);
  });
  FrameHeader end = frame_of(unit, FrameKind::kEnd);
  end.status = 'I';
  context_.frames.frame(end, {context_.scratch.data(), context_.scratch.size()});
  line_.pop_front();
  became_free();
}

bool ServerConnection::may_start(Unit& unit) {
  if (cancel_pending_) return false;
  if (next_ > 0 && line_.front().purpose != UnitPurpose::kTask) return false;
  if (next_ == 0 && needs_check()) {
    idle_since_ = context_.now;
    add_internal(UnitPurpose::kCheck, pool_.config().check_query);
    return false;
  }
  const Task& task = context_.task(unit.task);
  if (task.parameter_serial == 0 || linked_client_ != kNoClient) return true;
  if (task.parameter_serial == session_.parameters.applied()) return true;
  if (next_ > 0) return false;  // once the line in front of it is done
  establish_parameters(context_.state.parameter_sets[task.parameter_set]);
  return next_ == 0;
}

// It has been idle for so long that whether it still works is asked before anything is given to it.
bool ServerConnection::needs_check() const {
  const LaneConfig& config = pool_.config();
  return config.check_query[0] != '\0' && linked_client_ == kNoClient &&
         context_.now - idle_since_ > config.server_check_delay_us;
}

// Puts SET statements in front of the only unit in line, or nothing if they are not needed.
void ServerConnection::establish_parameters(const ParameterSet& set) {
  context_.sql.clear();
  session_.parameters.statements_for(set, context_.sql);
  if (context_.sql.empty()) {
    session_.parameters.apply(set);
  } else {
    add_internal(UnitPurpose::kParameters, context_.sql);
  }
}

void ServerConnection::start(Unit& unit) {
  mark_sent(context_.task(unit.task));
  trace_unit(LogLevel::kNoise, unit, next_ == 0 ? "sent" : "sent, to wait in line");
  unit.started = true;
  unit.started_at = context_.now;
  if (next_ == 0) front_since_ = context_.now;
  unit.stream_start = sent_total_ + queued();
}

// The rest of a message in whose middle the server has answered. True once the unit has moved on.
bool ServerConnection::finish_message(Unit& unit) {
  const bool finished = sender_.finish_message(unit);
  tell_consumed(unit);
  want_flush();
  if (!finished) return false;
  unit.ready = false;
  on_ready(unit, unit.status);
  return true;
}

// True once the unit's stream is closed and taken whole.
bool ServerConnection::take(Unit& unit) {
  const uint64_t parses = sender_.parses();
  session_.max_prepared = pool_.config().max_prepared_statements;
  if (sender_.take(unit)) tell_consumed(unit);
  if (sender_.parses() != parses) {
    count(context_.slot.counters.server_parses, sender_.parses() - parses);
    pool_.count_server_parses(sender_.parses() - parses);
  }
  want_flush();
  if (&unit == &line_.front()) settle_made_up(false);
  return unit.closed;
}

void ServerConnection::tell_consumed(Unit& unit) {
  Task& task = context_.task(unit.task);
  // Dekker, with the master: it stores master_waits, then loads consumed.
  task.consumed.store(unit.taken, std::memory_order_seq_cst);
  if (task.master_waits.load(std::memory_order_seq_cst) == 0) return;
  if (task.master_waits.exchange(0, std::memory_order_seq_cst) == 0) return;
  context_.frames.frame(frame_of(unit, FrameKind::kConsumed));
}

void ServerConnection::want_flush() {
  if (in_flush_list_ || queued() == 0) return;
  in_flush_list_ = true;
  context_.to_flush.push_back(this);
}

void ServerConnection::flush() {
  const Change change(*this);
  in_flush_list_ = false;
  while (phase_ == Phase::kReady && queued() > 0) {
    const auto [status, bytes] = stream_.write(out_.data() + out_sent_, queued());
    if (status == ServerStream::Status::kClosed) {
      // What the server said before it left is still to be read; reading finds the end.
      out_sent_ = out_.size();
      break;
    }
    if (status == ServerStream::Status::kWouldBlock) break;
    out_sent_ += bytes;
    sent_total_ += bytes;
    count(context_.slot.counters.bytes_to_server, bytes);
    if (queued() > 0) continue;
    out_.clear();
    out_sent_ = 0;
    feed();  // a stream may have waited for room
  }
  if (queued() == 0) {
    out_.clear();
    out_sent_ = 0;
  }
  update_interest();
}

void ServerConnection::update_interest() {
  if (phase_ != Phase::kReady) return;
  unsigned wanted = reading_paused_ ? 0 : static_cast<unsigned>(Interest::kRead);
  if (queued() > 0) wanted |= static_cast<unsigned>(Interest::kWrite);
  const auto interest = static_cast<Interest>(wanted);
  if (!watched_) {
    context_.poller.add(stream_.fd(), token_, interest);
    watched_ = true;
  } else if (interest != interest_) {
    context_.poller.modify(stream_.fd(), token_, interest);
  }
  interest_ = interest;
}

}  // namespace pgring
