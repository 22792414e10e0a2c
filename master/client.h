// One client connection, as the master sees it.
#pragma once

#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/fd.h"
#include "common/log.h"
#include "common/task.h"
#include "master/client_output.h"
#include "master/client_statements.h"
#include "master/console_session.h"
#include "master/parameter_sets.h"
#include "master/pool.h"
#include "master/startup_packet.h"

namespace pgring {

// Startup -> Login -> Active -> Closing -> Gone; Closing and Gone can be reached from anywhere.
enum class ClientState : uint8_t {
  kFree,     // the place in the table is unused
  kStartup,  // its first packet has not come whole
  kLogin,    // waits for the server's parameters
  kActive,   // speaks the query protocol
  kClosing,  // what is left of its output is written, then it is closed
  kGone,     // closed; its task or link is still with a worker, so its number is not free yet
};

// Where the client's byte stream stands with regard to units.
enum class Feed : uint8_t {
  kBetween,  // no unit is begun
  kOpen,     // a unit's messages are being taken
  kHeld,     // a unit's end was passed on: nothing is taken until its reply says so
  kAsked,    // what comes next depends on what the server has made of the unit so far: likewise
  kCopyIn,   // COPY FROM STDIN: everything is passed on
};

// The client has begun a unit and not ended it.
constexpr bool in_unit(Feed feed) {
  return feed == Feed::kOpen || feed == Feed::kAsked || feed == Feed::kCopyIn;
}
constexpr bool is_waiting(Feed feed) { return feed == Feed::kHeld || feed == Feed::kAsked; }

// A statement whose reply has come whole, but that the client has not taken yet: to be logged then.
struct UndeliveredStatement {
  StatementTimes times;
  int64_t ended_at;
  std::string text;
};

// What every query touches comes first, in three lines of the processor's cache: with thousands of
// clients each of them has to be fetched from far (see Frontend::prefetch).
struct alignas(64) Client {
  uint32_t index = 0;
  ClientState state = ClientState::kFree;
  Feed feed = Feed::kBetween;
  Fd fd;
  bool released = false;  // nothing refers to it any more: its number is free after this loop

  // Input.
  bool reading = true;  // poller interest
  bool writing = false;
  bool waits_for_room = false;       // the stream or the block store is full
  bool unit_extended = false;        // the unit has Parse, Bind, ... in it
  bool unit_has_unnamed = false;     // it has a Parse of the unnamed statement
  bool unit_begins_unnamed = false;  // ... as its first message
  bool unit_runs_query = false;      // a Query of it is run by the server, or was
  bool unit_failed = false;          // an ErrorResponse of it was passed on
  bool unit_executes = false;        // an Execute of it may begin a COPY yet
  bool unit_copies = false;          // a COPY from the client has begun in it
  bool unit_synced = false;          // its Sync is in a COPY's data, and ends it if that has failed
  bool unit_terminates = false;      // its last message is Terminate
  uint8_t asked = 0;                 // number of the last Directive::kAsk
  bool held_by_query = false;        // a Query stands where the Sync of an extended unit should
  bool forgets_statements = false;   // DEALLOCATE ALL or DISCARD ALL is in it
  bool lingers = false;              // it was refused while it was still sending
  char first_reply = 0;              // type of the first message of the unit's reply
  bool reply_cut = false;     // the reply's bytes may end inside a message, of which an error would
                              // seem the rest
  std::vector<char> input;    // read and not yet taken
  uint64_t message_left = 0;  // bytes of a long message still to be passed on
  uint64_t discard_left = 0;  // bytes of a message still to be dropped

  // Output.
  ClientOutput output;
  uint64_t reply_bytes = 0;   // of the present turn
  int64_t blocked_since = 0;  // its socket has been full since then; 0: it is not
  uint64_t blocked_us = 0;    // how long it was before, since the unit began

  // Dispatch.
  uint32_t task = kNoTask;  // held while a unit is under way, and as long as the client is linked
  bool published = false;   // the task is on a lane or with a worker
  bool waiting = false;     // in the pool's or the task store's queue
  uint8_t worker = 0;       // linked to a connection of this worker; 0: not linked
  char status = 'I';        // of the last ReadyForQuery
  TaskTraffic traffic = TaskTraffic::kIndependentRead;  // of the unit, so far
  // The pool's at login: a reload must not change it under a session's state.
  PoolMode mode = PoolMode::kTransaction;
  // What the classifier must know of the parameters.
  bool standard_strings = true;
  bool classifiable = true;
  uint32_t parameter_set = kNoParameterSet;
  Pool* pool = nullptr;  // null for the admin console's clients
  std::unique_ptr<ConsoleSession> console;
  std::unique_ptr<ClientStatements> statements;
  int64_t active_at = 0;  // last time a unit began or ended
  int64_t unit_began_at = 0;
  int64_t transaction_began_at = 0;  // 0: none

  // Who it is.
  uint64_t session = 0;                             // number for the log, never used twice
  StartupKind declined = StartupKind::kIncomplete;  // its last request for encryption
  uint32_t cancel_key = 0;
  std::string user;  // as the client named itself
  std::string database;
  std::string raw_parameters;  // while in kLogin: the encoded parameters it asked for
  sockaddr_storage peer{};
  int64_t connected_at = 0;

  std::unique_ptr<UndeliveredStatement> undelivered;  // only while its socket is full

  static constexpr std::size_t kOften = 192;  // bytes that every query touches
};
static_assert(offsetof(Client, session) == Client::kOften);

}  // namespace pgring
