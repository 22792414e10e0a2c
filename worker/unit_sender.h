// Turns a unit's payload into the bytes for the server: messages are copied, directives carried
// out.
#pragma once

#include <string>
#include <vector>

#include "common/payload.h"
#include "common/shared_state.h"
#include "worker/server_session.h"
#include "worker/unit.h"

namespace pgring {

// A send buffer is filled to about this size before the socket must take some of it.
constexpr std::size_t kSendBuffer = 64 * 1024;
// More replies than this are not left outstanding: by then the server has sent some of them.
constexpr std::size_t kMaxOutstandingSteps = 8192;

class UnitSender {
 public:
  UnitSender(const SharedState& state, ServerSession& session, std::vector<char>& out)
      : state_(state), session_(session), out_(out) {}

  // Takes what the unit's stream holds and `out` has room for. Sets unit.closed when all that there
  // will be is taken. Returns whether anything was taken; the caller tells the master.
  bool take(Unit& unit);
  // After ReadyForQuery: only the rest of a message that was begun still goes out. True once it
  // has.
  bool finish_message(Unit& unit);
  // Asks the server something harmless: the ReadyForQuery messages in front of its answer are those
  // of Sync messages sent before. `synced`: behind a Sync of its own, without which the server
  // might not answer.
  void probe(Unit& unit, bool synced);
  uint64_t parses() const { return parses_; }

 private:
  bool take_whole(Unit& unit, const Task& task, uint64_t end);
  bool step(Unit& unit, const Task& task, uint64_t end);
  void copy_body(Unit& unit, const Task& task, uint64_t end);
  bool goes_on(Unit& unit, char type);
  void begin_message(Unit& unit, const char* header);
  bool carry_out(Unit& unit, const Task& task, char directive, uint64_t left);
  void ensure_statement(Unit& unit, uint32_t entry, uint64_t serial, bool for_prepare);
  void make_room(Unit& unit);
  void close_statement(Unit& unit, uint64_t serial);
  void append_parse(const StatementEntry& entry);
  void change_unnamed(const Unit& unit, Step& step, UnnamedOwner owner);
  void expect(Unit& unit, const Step& step);

  const SharedState& state_;
  ServerSession& session_;
  std::vector<char>& out_;
  uint64_t parses_ = 0;
};

}  // namespace pgring
