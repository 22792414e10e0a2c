// A unit in a connection's line: a task, or something that the worker itself asks the server.
#pragma once

#include <cstdint>

#include "common/frame.h"
#include "common/task.h"

namespace pgring {

enum class UnitPurpose : uint8_t {
  kTask,          // of a client
  kConnectQuery,  // once after login
  kParameters,    // SET statements for the task behind it
  kReset,         // the reset query
  kCheck,         // the check query
  kHusk,          // of a task that has left the line: see connection_line.cc
};

struct Unit {
  UnitPurpose purpose = UnitPurpose::kTask;
  TaskTraffic traffic = TaskTraffic::kExclusive;
  uint32_t task = kNoTask;
  uint32_t turn = 0;
  uint32_t client = kNoClient;
  bool session = false;

  // Towards the server.
  uint64_t taken = 0;         // payload bytes taken into the connection's send buffer
  uint64_t message_left = 0;  // of these, how much of the last message is still to come
  uint64_t stream_start = 0;  // the connection's byte count where this unit begins
  bool discard = false;       // the rest of the message is not for the server
  bool own_unnamed = false;   // a kOwnUnnamed's Parse is the next message
  uint64_t own_serial = 0;    // its serial
  bool started = false;       // marked as sent
  bool terminates = false;    // Terminate has been taken: the server will close the connection
  bool closed = false;        // everything that there will be has been taken
  uint32_t syncs = 0;         // Sync messages sent, but those that a COPY has swallowed for certain
  int64_t started_at = 0;

  // From the server.
  char first_reply = 0;    // type of the first message
  uint64_t forwarded = 0;  // reply bytes given to the master
  uint32_t steps = 0;      // replies still expected, in the connection's script
  uint32_t name_operations = 0;
  bool scripted = false;
  bool failed = false;          // an ErrorResponse has come
  bool unnamed_failed = false;  // in answer to a kOwnUnnamed's Parse
  bool copying = false;         // CopyInResponse has come
  bool copy_of_query = false;   // ... in answer to a Query: after an error no Sync is needed
  bool skips = false;           // its messages up to the next Sync are not for the server
  bool probing = false;         // asking how many ReadyForQuery come
  bool probe_synced = false;    // ... with a Sync in front, whose own is one of them
  char probe_for = 0;           // type of the message that waits for it
  bool probe_answered = false;
  uint32_t probe_readies = 0;  // how many have come since
  bool ready = false;          // ReadyForQuery has come while a message was being sent
  char status = 0;             // of that ReadyForQuery
  bool assumes = false;        // relies on a Parse in front that has not been answered yet
  bool retry = false;          // the reply is dropped, then the task runs again
  bool cancel_wanted = false;  // by the client; sent once the unit is at the front
  bool cancel_sent = false;
  uint8_t cancels = 0;          // how often
  int64_t cancel_again_at = 0;  // if it is still running then
  bool cancel_risk = false;     // a cancel request for a neighbour may hit it
  bool abandoned = false;       // the client is gone: the reply is dropped
};

inline FrameHeader frame_of(const Unit& unit, FrameKind kind) {
  FrameHeader header{};
  header.kind = kind;
  header.task = unit.task;
  header.turn = unit.turn;
  return header;
}

}  // namespace pgring
