// Replies of a connection that the client must not see, or that are made up for it; and how many
// ReadyForQuery messages a COPY ends with.
#include <fmt/format.h>

#include <utility>

#include "common/wire.h"
#include "worker/server_connection.h"

namespace pgring {
namespace {

using Part = ReplyPiece::Part;

constexpr const char* kParseComplete = "1\0\0\0\4";
constexpr const char* kCloseComplete = "3\0\0\0\4";

}  // namespace

bool ServerConnection::on_scripted(Unit& unit, const ReplyPiece& piece) {
  if (unit.steps == 0) return false;
  const Step step = session_.script.front();
  const Verdict verdict = judge(step, piece.type);
  if (verdict == Verdict::kViolation) return false;
  if (verdict == Verdict::kShow || verdict == Verdict::kShowDone) {
    show(piece, piece.type == 'G' || piece.type == 'W' ? kFrameCopyIn : 0);
  }
  if (verdict == Verdict::kShow || verdict == Verdict::kHide) return true;
  if (step.kind == StepKind::kParse && step.serial != 0) session_.prepared.confirm(step.serial);
  if (step.counts) ++unit.name_operations;
  step_done_after_ = piece.part == Part::kFirst;
  if (step_done_after_) return true;
  session_.script.pop_front();
  --unit.steps;
  settle_made_up(false);
  return true;
}

// Emits the replies at the front of the script that no server message stands for, once they are
// due: the server has answered what is behind them, or the client has asked for them by Flush.
void ServerConnection::settle_made_up(bool answered) {
  if (line_.empty()) return;
  Unit& unit = line_.front();
  uint32_t due = 0;
  for (uint32_t at = 0; at < unit.steps && is_made_up(session_.script[at].kind); ++at) {
    if (answered || session_.script[at].flushed) due = at + 1;
  }
  for (; due > 0; --due) {
    const Step step = session_.script.front();
    session_.script.pop_front();
    --unit.steps;
    if (step.kind == StepKind::kAsked) {
      tell_answered(unit, static_cast<uint8_t>(step.serial));
      continue;
    }
    ++unit.name_operations;
    if (step.kind == StepKind::kMadeUpClose) {
      make_up(unit, kCloseComplete);
      continue;
    }
    // The Parse it relied on has failed in a unit in front: nothing may be claimed.
    if (!session_.prepared.holds(step.serial) && unit.forwarded == 0 && run_.empty() &&
        unit.traffic == TaskTraffic::kIndependentRead) {
      unit.retry = true;
    }
    make_up(unit, kParseComplete);
  }
}

void ServerConnection::make_up(Unit& unit, const char* message) {
  flush_run();
  if (unit.purpose != UnitPurpose::kTask || unit.retry || unit.abandoned) return;
  context_.frames.reply(unit.task, unit.turn, {message, 5});
  unit.forwarded += 5;
}

void ServerConnection::tell_answered(const Unit& unit, uint8_t number) {
  flush_run();
  FrameHeader header = frame_of(unit, FrameKind::kAnswered);
  header.status = number;
  context_.frames.frame(header);
}

// After an error the server skips everything up to Sync, so these replies will not come.
void ServerConnection::drop_steps(Unit& unit) {
  restore_prepared(unit);
  bool failed_itself = true;  // the first of them; the others were skipped
  bool unnamed_settled = false;
  for (; unit.steps > 0; --unit.steps) {
    const Step step = session_.script.front();
    session_.script.pop_front();
    if (step.changes_unnamed && !std::exchange(unnamed_settled, true)) {
      // A Parse that fails has dropped what was there. Units behind may have changed it since.
      session_.unnamed = failed_itself || next_ > 1 ? UnnamedOwner{} : step.unnamed_before;
    }
    failed_itself = false;
  }
  step_done_after_ = false;
}

// What was not parsed and closed after all, the last first: a statement that was to be closed and
// parsed again is still held.
void ServerConnection::restore_prepared(const Unit& unit) {
  PreparedCache& prepared = session_.prepared;
  for (uint32_t at = unit.steps; at-- > 0;) {
    const Step& step = session_.script[at];
    if (step.serial == 0) continue;
    if (step.kind == StepKind::kParse) prepared.erase(step.serial);
    // It is the next to go again.
    if (step.kind == StepKind::kClose && !prepared.holds(step.serial)) {
      prepared.insert(step.serial, false, true);
    }
  }
}

// ReadyForQuery after a COPY from the client. Within it the server ignores Sync, so of the two that
// clients of the extended protocol send one is answered normally, but after an error it may be
// both. What has not been sent yet the master takes back. False: another ReadyForQuery is to be
// waited for.
bool ServerConnection::on_copy_end(Unit& unit) {
  // An extended unit's own Sync is answered by this ReadyForQuery; a Query has none.
  const uint32_t own_syncs = unit.copy_of_query ? 0 : 1;
  if (!unit.failed || unit.syncs <= own_syncs) return true;
  sender_.probe(unit, false);
  want_flush();
  return false;
}

// No Sync of the client's has been answered: the failed unit still waits for one. But the server,
// after the probe's own, does not skip any more what is in front of it.
void ServerConnection::skip_to_sync(Unit& unit) {
  unit.probing = unit.probe_answered = false;
  unit.skips = true;
  unit.syncs = 0;
  feed();
}

bool ServerConnection::on_probe(Unit& unit, const ReplyPiece& piece) {
  switch (piece.type) {
    case '3':
      unit.probe_answered = true;
      return true;
    case 'Z':
      if (piece.bytes.size() != 6) return false;
      if (!unit.probe_answered) {
        // All are alike: of several, the first stands for that of the probe's own Sync.
        if (!unit.probe_synced || unit.probe_readies > 0) show(piece);
        ++unit.probe_readies;
        return true;
      }
      flush_run();
      if (unit.probe_synced && unit.probe_readies == 1) {
        skip_to_sync(unit);
      } else {
        conclude(unit, piece.bytes[5]);
      }
      return true;
    case 'S':
      if (piece.part == Part::kWhole) on_parameter(piece);
      show(piece);
      return true;
    case 'N':
    case 'A':
      show(piece);
      return true;
    case 'E':
      on_error(unit, as_of_client(unit, piece));
      return true;
    default:
      return false;
  }
}

// Where the COPY goes on after all, PostgreSQL complains of the probe's Close, and names its type.
ReplyPiece ServerConnection::as_of_client(const Unit& unit, const ReplyPiece& piece) {
  if (piece.part != Part::kWhole || unit.failed) return piece;
  if (wire::error_field(piece.body(), 'R') != "CopyGetData") return piece;
  const std::size_t at = piece.bytes.find("0x43");
  if (at == std::string_view::npos) return piece;
  probe_error_.assign(piece.bytes);
  probe_error_.replace(at, 4, fmt::format("0x{:02X}", static_cast<unsigned char>(unit.probe_for)));
  return {Part::kWhole, 'E', true, probe_error_};
}

}  // namespace pgring
