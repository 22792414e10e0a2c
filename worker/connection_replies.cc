// A connection's way back: reading, judging each message, forwarding.
#include "common/log.h"
#include "common/wire.h"
#include "worker/lane_pool.h"
#include "worker/server_connection.h"

namespace pgring {
namespace {

using Part = ReplyPiece::Part;

bool is_fatal(std::string_view body) {
  std::string_view severity = wire::error_field(body, 'V');
  if (severity.empty()) severity = wire::error_field(body, 'S');  // before 9.6
  return severity == "FATAL" || severity == "PANIC";
}

}  // namespace

void ServerConnection::receive() {
  do {
    if (reading_paused_) return;
    const auto [status, bytes] =
        stream_.read(context_.read_buffer.data(), context_.read_buffer.size());
    if (status == ServerStream::Status::kWouldBlock) return;
    if (status == ServerStream::Status::kClosed) {
      die(why_closed());
      return;
    }
    count(context_.slot.counters.bytes_from_server, bytes);
    on_bytes({context_.read_buffer.data(), bytes});
  } while (phase_ == Phase::kReady && stream_.has_buffered());
}

void ServerConnection::on_bytes(std::string_view bytes) {
  while (phase_ == Phase::kReady) {
    const ReplyPiece piece = cutter_.next(bytes);
    if (piece.part == Part::kNone) break;
    if (piece.part == Part::kMalformed || !on_piece(piece)) {
      log_error("{}: protocol violation by the database server, message type {:#x}",
                pool_.config().name, static_cast<unsigned char>(piece.type));
      flush_run();
      die("protocol violation");
      return;
    }
  }
  if (phase_ != Phase::kReady) return;
  flush_run();
  if (end_unfinished()) return;  // what looked whole was the beginning of a COPY
  if (!line_.empty() && window_full(line_.front())) {
    reading_paused_ = true;
    update_interest();
  }
}

// False: this message cannot come here.
bool ServerConnection::on_piece(const ReplyPiece& piece) {
  if (piece.part == Part::kMiddle || piece.part == Part::kLast) {
    if (showing_) show(piece);
    if (piece.part == Part::kLast && step_done_after_) {
      step_done_after_ = false;
      session_.script.pop_front();
      --line_.front().steps;
      settle_made_up(false);
    }
    return true;
  }
  showing_ = false;
  if (line_.empty() || !line_.front().started) return on_idle_message(piece);
  if (line_.front().probing) return on_probe(line_.front(), piece);
  return on_message(line_.front(), piece);
}

// The unit's stream goes on.
void ServerConnection::on_copy_begin(Unit& unit) {
  unit.copying = true;
  unit.closed = false;
  next_ = 0;
  unit.copy_of_query = unit.scripted ? unit.steps > 0 && ends_in_ready(session_.script.front().kind)
                                     : context_.task(unit.task).payload[0] == 'Q';
  if (unit.scripted || unit.copy_of_query) return;
  // There may be directives in what follows: its replies must be counted from here on.
  unit.scripted = true;
  session_.script.push_back({StepKind::kExecute});
  ++unit.steps;
}

bool ServerConnection::on_message(Unit& unit, const ReplyPiece& piece) {
  if (unit.first_reply == 0) unit.first_reply = piece.type;
  settle_made_up(true);
  switch (piece.type) {
    case 'Z':
      if (piece.bytes.size() != 6) return false;
      show(piece);
      return on_ready(unit, piece.bytes[5]);
    case 'E':
      on_error(unit, piece);
      return true;
    case 'S':
      if (piece.part == Part::kWhole) on_parameter(piece);
      flush_run();
      show(piece, kFrameHasParameterStatus);
      return true;
    case 'N':
      if (unit.scripted && unit.steps > 0 && session_.script.front().hidden) return true;
      show(piece);
      return true;
    case 'A':
      show(piece);
      return true;
    case 'G':
    case 'W':
      if (line_.size() > 1) return false;  // no read begins a COPY
      on_copy_begin(unit);
      break;
    case 'C':
      if (unit.copying) unit.syncs = 0;  // those in the middle of the data
      if (piece.part == Part::kWhole) on_command_complete(piece.body());
      break;
    default:
      break;
  }
  if (unit.scripted) return on_scripted(unit, piece);
  show(piece, piece.type == 'G' || piece.type == 'W' ? kFrameCopyIn : 0);
  return true;
}

void ServerConnection::on_error(Unit& unit, const ReplyPiece& piece) {
  uint8_t flags = kFrameHasError;
  uint64_t parsing = 0;
  if (!unit.failed) {
    if (unit.steps > 0 && session_.script.front().kind == StepKind::kParse) {
      parsing = session_.script.front().serial;
    }
    unit.unnamed_failed = unit.steps > 0 && session_.script.front().own_unnamed;
    if (unit.steps > 0 && ends_in_ready(session_.script.front().kind)) flags |= kFrameQueryFailed;
    drop_steps(unit);
  }
  unit.failed = true;
  if (piece.part != Part::kWhole) {
    flush_run();
    show(piece, flags);
    return;
  }
  const std::string_view sqlstate = wire::error_field(piece.body(), 'C');
  if (is_fatal(piece.body())) {
    // Whole messages that have not been forwarded are dropped, so that a read may run again, and
    // a client stay. In session pooling it goes with its connection.
    if (unit.forwarded == 0 && !unit.session) drop_run();
    flush_run();
    server_farewell_.assign(piece.bytes);
    return;
  }
  // By our name of it: the client may itself have named one that does not exist.
  const bool names_ours =
      wire::error_field(piece.body(), 'M').find("\"pgring_") != std::string_view::npos;
  // A unit in front was to close it, and has failed.
  const bool still_held = parsing != 0 && sqlstate == "42P05" && names_ours;
  if (still_held && !session_.prepared.holds(parsing))
    session_.prepared.insert(parsing, true, true);
  if (unit.purpose == UnitPurpose::kTask && unit.forwarded == 0 && linked_client_ == kNoClient &&
      unit.traffic != TaskTraffic::kExclusive && context_.task(unit.task).attempts < 3) {
    const bool stray_cancel = unit.cancel_risk && !unit.cancel_sent && sqlstate == "57014";
    const bool lost_statement = unit.assumes && sqlstate == "26000" && names_ours;
    if (stray_cancel || lost_statement || still_held) {
      unit.retry = true;
      drop_run();
      return;
    }
  }
  if (unit.purpose == UnitPurpose::kHusk) return;
  if (unit.purpose != UnitPurpose::kTask) {
    server_farewell_.assign(piece.bytes);  // whoever needs the unit gets it in conclude_internal()
    return;
  }
  flush_run();
  show(piece, flags);
}

void ServerConnection::on_parameter(const ReplyPiece& piece) {
  const std::string_view body = piece.body();
  const std::size_t name_end = body.find('\0');
  if (name_end == std::string_view::npos || body.back() != '\0' || name_end + 1 >= body.size())
    return;
  session_.parameters.report(body.substr(0, name_end),
                             body.substr(name_end + 1, body.size() - name_end - 2));
}

void ServerConnection::on_command_complete(std::string_view body) {
  const char first = body.empty() ? '\0' : body[0];
  if (first != 'D' && first != 'R' && first != 'S') return;
  if (body.starts_with("DEALLOCATE ALL") || body.starts_with("DISCARD ALL")) {
    session_.prepared.clear();
    session_.forget_unnamed();
  }
  for (const char* tag : {"SET", "RESET", "DISCARD ALL"}) {
    if (body.substr(0, body.size() - 1) == tag) session_.parameters.forget_unreported();
  }
}

// Outside of any unit.
bool ServerConnection::on_idle_message(const ReplyPiece& piece) {
  const bool whole = piece.part == Part::kWhole;
  switch (piece.type) {
    case 'S':
      if (whole) on_parameter(piece);
      break;
    case 'E':
      if (!whole || !is_fatal(piece.body())) return false;
      server_farewell_.assign(piece.bytes);
      return true;
    case 'N':
    case 'A':
      break;
    default:
      return false;
  }
  if (linked_client_ == kNoClient || !whole) return true;
  FrameHeader header{};
  header.kind = FrameKind::kAsync;
  header.task = linked_client_;
  if (piece.type == 'S') header.flags = kFrameHasParameterStatus;
  context_.frames.frame(header, piece.bytes);
  return true;
}

// Forwards a piece to the front unit's client, if it may see it.
void ServerConnection::show(const ReplyPiece& piece, uint8_t flags) {
  const Unit& unit = line_.front();
  showing_ = true;
  if (unit.purpose != UnitPurpose::kTask || unit.retry || unit.abandoned) return;
  if (run_.data() + run_.size() != piece.bytes.data()) flush_run();
  run_ =
      run_.empty() ? piece.bytes : std::string_view(run_.data(), run_.size() + piece.bytes.size());
  run_flags_ |= flags;
  run_cut_ = piece.part == Part::kFirst || piece.part == Part::kMiddle;
  if (piece.gathered) flush_run();
}

void ServerConnection::flush_run() {
  if (run_.empty()) return;
  Unit& unit = line_.front();
  context_.frames.reply(unit.task, unit.turn, run_, run_flags_, run_cut_);
  unit.forwarded += run_.size();
  if (unit.forwarded > kReplyWindow) context_.streamed = true;
  drop_run();
}

void ServerConnection::drop_run() {
  run_ = {};
  run_flags_ = 0;
}

bool ServerConnection::window_full(Unit& unit) {
  if (unit.abandoned) return false;
  if (unit.purpose != UnitPurpose::kTask || unit.forwarded <= kReplyWindow) return false;
  Task& task = context_.task(unit.task);
  const auto full = [&] {
    return unit.forwarded - task.delivered.load(std::memory_order_seq_cst) > kReplyWindow;
  };
  if (!full()) return false;
  // Dekker, with the master: it stores delivered, then loads worker_waits.
  task.worker_waits.store(1, std::memory_order_seq_cst);
  return full();
}

bool ServerConnection::on_ready(Unit& unit, char status) {
  if (status != 'I' && status != 'T' && status != 'E') return false;
  flush_run();
  if (unit.message_left > 0) {
    // The server answered in the middle of a message: the rest of it must still be sent.
    unit.ready = true;
    unit.status = status;
    feed();
    return true;
  }
  unit.status = status;
  if (!unit.copying || on_copy_end(unit)) conclude(unit, status);
  return true;
}

}  // namespace pgring
