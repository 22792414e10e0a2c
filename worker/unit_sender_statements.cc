// Making a connection have the prepared statements that a unit refers to, under the names of their
// dictionary entries.
#include <algorithm>
#include <charconv>
#include <cstring>

#include "common/wire.h"
#include "worker/unit_sender.h"

namespace pgring {
namespace {

std::string_view server_name(uint64_t serial, char (&buffer)[32]) {
  std::memcpy(buffer, "pgring_", 7);
  const auto end = std::to_chars(buffer + 7, buffer + sizeof buffer, serial).ptr;
  return {buffer, static_cast<std::size_t>(end - buffer)};
}

}  // namespace

void UnitSender::ensure_statement(Unit& unit, uint32_t entry, uint64_t serial, bool for_prepare) {
  PreparedCache& prepared = session_.prepared;
  if (for_prepare && session_.aborted && !unit.failed && prepared.holds(serial)) {
    // It is for the server to say which texts may still be prepared.
    close_statement(unit, serial);
  } else if (prepared.holds(serial)) {
    prepared.touch(serial);
    if (!prepared.confirmed(serial)) unit.assumes = true;
    if (for_prepare) expect(unit, {StepKind::kMadeUpParse, false, true, serial});
    return;
  }
  make_room(unit);
  append_parse(state_.statements[entry]);
  ++parses_;
  // After an error in this unit the server skips the Parse, and it is not held.
  if (!unit.failed) prepared.insert(serial, true, false);
  expect(unit, {StepKind::kParse, !for_prepare, for_prepare, serial});
}

void UnitSender::make_room(Unit& unit) {
  PreparedCache& prepared = session_.prepared;
  const uint32_t limit = std::max(session_.max_prepared, 1u);
  while (prepared.size() >= limit && !unit.failed) {
    close_statement(unit, prepared.oldest());
  }
}

void UnitSender::close_statement(Unit& unit, uint64_t serial) {
  char name[32];
  wire::Builder(out_, 'C').byte('S').text(server_name(serial, name));
  session_.prepared.erase(serial);
  expect(unit, {StepKind::kClose, true, false, serial});
}

void UnitSender::append_parse(const StatementEntry& entry) {
  char name[32];
  wire::Builder message(out_, 'P');
  message.text(server_name(entry.serial, name));
  const uint32_t inline_bytes = std::min(entry.length, kInlineStatement);
  message.bytes({entry.bytes, inline_bytes});
  uint32_t left = entry.length - inline_bytes;
  for (uint32_t i = 0; left > 0 && i < kMaxStatementBlocks; ++i) {
    const uint32_t bytes = std::min(left, kBlockSize);
    message.bytes({state_.block(entry.blocks[i]), bytes});
    left -= bytes;
  }
}

// `step` is expected next and makes the session's unnamed statement that of `owner`, unless the
// server skips it.
void UnitSender::change_unnamed(const Unit& unit, Step& step, UnnamedOwner owner) {
  if (unit.failed || owner == session_.unnamed) return;
  step.changes_unnamed = true;
  step.unnamed_before = session_.unnamed;
  session_.unnamed = owner;
}

}  // namespace pgring
