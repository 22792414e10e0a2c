// Walking a payload, message by message.
#include "worker/unit_sender.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "common/directive.h"
#include "common/wire.h"

namespace pgring {
namespace {

// The reply that a client's or hidden message calls for; nothing for those without one.
bool step_of(char type, char subject, Step& step) {
  switch (type) {
    case 'P':
      step.kind = StepKind::kParse;
      return true;
    case 'B':
      step.kind = StepKind::kBind;
      return true;
    case 'C':
      step.kind = StepKind::kClose;
      return true;
    case 'D':
      step.kind = subject == 'S' ? StepKind::kDescribeStatement : StepKind::kDescribePortal;
      return true;
    case 'E':
      step.kind = StepKind::kExecute;
      return true;
    case 'Q':
      step.kind = StepKind::kQuery;
      return true;
    case 'F':
      step.kind = StepKind::kFunctionCall;
      return true;
    default:
      return false;
  }
}

// What the server takes the same way whether its COPY goes on or has failed.
bool is_for_copy(char type) {
  return std::string_view("dcfHS").find(type) != std::string_view::npos;
}

// A Parse or Close of the unnamed statement. `message`: its header and the first byte of its body.
bool names_unnamed(const char* message) {
  constexpr uint32_t kEmptyName = 6;  // the length of such a Close
  const char first = message[kMessageHeader];
  if (message[0] == 'C') return first == 'S' && wire::load32(message + 1) == kEmptyName;
  return message[0] == 'P' && first == '\0';
}

}  // namespace

bool UnitSender::take(Unit& unit) {
  const Task& task = state_.tasks[unit.task];
  // Pairs with the master's release of the payload bytes and block numbers.
  const uint64_t published = task.published.load(std::memory_order_acquire);
  const uint64_t end = published & ~kStreamClosed;
  const bool closed = (published & kStreamClosed) != 0;
  const uint64_t before = unit.taken;
  const bool keeps_unnamed = session_.unnamed.client == unit.client;  // perhaps
  if (task.plain && closed && unit.taken == 0 && end <= kSendBuffer && !keeps_unnamed) {
    take_whole(unit, task, end);
  } else {
    if (!task.plain) unit.scripted = true;
    while (unit.taken < end && out_.size() < kSendBuffer &&
           session_.script.size() < kMaxOutstandingSteps) {
      if (!step(unit, task, end)) break;
    }
  }
  // The stream of a COPY goes on until ReadyForQuery, whatever `published` says.
  unit.closed = closed && unit.taken == end && !unit.copying;
  return unit.taken != before;
}

// The common case: a complete unit without directives.
bool UnitSender::take_whole(Unit& unit, const Task& task, uint64_t end) {
  for (uint64_t at = 0; at < end;) {
    const std::string_view piece = payload_at(state_, task, at, end);
    out_.insert(out_.end(), piece.begin(), piece.end());
    at += piece.size();
  }
  unit.taken = end;
  unit.syncs = task.payload[0] == 'Q' || task.payload[0] == 'F' ? 0 : 1;
  session_.forget_unnamed();
  return true;
}

bool UnitSender::step(Unit& unit, const Task& task, uint64_t end) {
  if (unit.message_left > 0) {
    copy_body(unit, task, end);
    return true;
  }
  const uint64_t left = end - unit.taken;
  if (left < kMessageHeader) return false;
  char header[kMessageHeader + 1] = {};
  copy_payload(state_, task, unit.taken, header, kMessageHeader);
  if (is_directive(header[0])) return carry_out(unit, task, header[0], left);
  if (unit.copying && !goes_on(unit, header[0])) return false;
  // These are told apart by their first byte.
  const bool has_body = wire::load32(header + 1) > 4;
  if (has_body && (header[0] == 'D' || header[0] == 'C' || header[0] == 'P')) {
    if (left < kMessageHeader + 1) return false;
    copy_payload(state_, task, unit.taken + kMessageHeader, header + kMessageHeader, 1);
  }
  begin_message(unit, header);
  return true;
}

// Whether a message behind the beginning of a COPY still belongs to the unit.
bool UnitSender::goes_on(Unit& unit, char type) {
  if (unit.failed && unit.copy_of_query) return false;  // ReadyForQuery ends the unit
  if (unit.skips) return unit.syncs == 0;               // up to a Sync
  const bool alike = is_for_copy(type) || (type == 'X' && !unit.failed);
  if (alike || (unit.syncs == 0 && !unit.copy_of_query)) return true;
  // It is not known whether the unit is over: the COPY may have failed, and swallowed the Sync or
  // not.
  unit.probe_for = type;
  probe(unit, true);
  return false;
}

void UnitSender::probe(Unit& unit, bool synced) {
  unit.probing = true;
  unit.probe_synced = synced;
  if (synced) wire::Builder(out_, 'S').bytes({});
  wire::Builder(out_, 'C').byte('S').text("pgring_probe");
  wire::Builder(out_, 'S').bytes({});
}

void UnitSender::begin_message(Unit& unit, const char* header) {
  unit.message_left = uint64_t{wire::load32(header + 1)} + 1;
  unit.discard = unit.skips && header[0] != 'S' && header[0] != 'X';
  unit.terminates = header[0] == 'X';
  if (header[0] == 'S') ++unit.syncs;
  if (header[0] == 'H' && unit.steps > 0) session_.script.back().flushed = true;
  const bool own = std::exchange(unit.own_unnamed, false);
  if (!own && (header[0] == 'Q' || names_unnamed(header))) session_.forget_unnamed();
  Step step;
  step.counts = step.own_unnamed = own;
  if (own) change_unnamed(unit, step, {unit.client, unit.own_serial});
  if (unit.scripted && step_of(header[0], header[kMessageHeader], step)) expect(unit, step);
}

void UnitSender::copy_body(Unit& unit, const Task& task, uint64_t end) {
  const uint64_t limit = std::min(end, unit.taken + unit.message_left);
  std::string_view piece = payload_at(state_, task, unit.taken, limit);
  piece = piece.substr(0, kSendBuffer);
  if (!unit.discard) out_.insert(out_.end(), piece.begin(), piece.end());
  unit.taken += piece.size();
  unit.message_left -= piece.size();
}

bool UnitSender::finish_message(Unit& unit) {
  const Task& task = state_.tasks[unit.task];
  const uint64_t end = task.published.load(std::memory_order_acquire) & ~kStreamClosed;
  while (unit.message_left > 0 && unit.taken < end && out_.size() < kSendBuffer) {
    copy_body(unit, task, end);
  }
  return unit.message_left == 0;
}

// False: its body has not arrived yet.
bool UnitSender::carry_out(Unit& unit, const Task& task, char directive, uint64_t left) {
  char body[32];
  const auto fixed = [&](std::size_t bytes) {
    if (left < kMessageHeader + bytes) return false;
    copy_payload(state_, task, unit.taken + kMessageHeader, body, bytes);
    unit.taken += kMessageHeader + bytes;
    return true;
  };
  const auto inner_message = [&](const char* header, bool send, UnnamedOwner unnamed) {
    unit.message_left = uint64_t{wire::load32(header + 1)} + 1;
    unit.discard = !send;
    Step step;
    if (send) change_unnamed(unit, step, unnamed);
    if (send && step_of(header[0], header[kMessageHeader], step)) {
      step.hidden = true;
      expect(unit, step);
    }
    unit.taken -= kMessageHeader + 1;  // looked at, still to be copied
  };
  switch (static_cast<Directive>(directive)) {
    case Directive::kUse:
    case Directive::kPrepare: {
      if (!fixed(sizeof(StatementRef))) return false;
      StatementRef ref;
      std::memcpy(&ref, body, sizeof ref);
      ensure_statement(unit, ref.entry, ref.serial,
                       static_cast<Directive>(directive) == Directive::kPrepare);
      return true;
    }
    case Directive::kUnnamed: {
      if (!fixed(8 + kMessageHeader + 1)) return false;
      UnnamedOwner wanted{unit.client};
      std::memcpy(&wanted.serial, body, 8);
      inner_message(body + 8, session_.unnamed != wanted, wanted);
      return true;
    }
    case Directive::kForget: {
      uint32_t length;
      copy_payload(state_, task, unit.taken + 1, reinterpret_cast<char*>(&length), 4);
      length = wire::network32(length);
      if (left < uint64_t{length} + 1) return false;
      unit.taken += uint64_t{length} + 1;
      expect(unit, {StepKind::kMadeUpClose, false, true, 0});
      return true;
    }
    case Directive::kHidden:
      if (!fixed(kMessageHeader + 1)) {
        // A message without a body (Flush, Sync) is never hidden.
        return false;
      }
      inner_message(body, true, names_unnamed(body) ? UnnamedOwner{} : session_.unnamed);
      return true;
    case Directive::kOwnUnnamed:
      if (!fixed(8)) return false;
      std::memcpy(&unit.own_serial, body, 8);
      unit.own_unnamed = true;
      return true;
    case Directive::kAsk:
      if (!fixed(1)) return false;
      wire::Builder(out_, 'H').bytes({});
      expect(unit,
             {.kind = StepKind::kAsked, .serial = static_cast<uint8_t>(body[0]), .flushed = true});
      return true;
  }
  unit.taken += left;  // cannot be: the master writes no other
  return true;
}

void UnitSender::expect(Unit& unit, const Step& step) {
  if (unit.failed) return;  // the server skips it
  session_.script.push_back(step);
  ++unit.steps;
}

}  // namespace pgring
