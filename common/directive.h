// The annotated form in which a unit lies in a task's payload: the client's protocol messages, with
// directives for the worker in between. A directive is shaped like a message {type, int32 length
// including itself, body} and has a type below 0x20, which no protocol message has. The master has
// checked every message's type and length; the worker trusts what it finds.
//
// Numbers in bodies are in memory order. kUse, kPrepare: {u32 entry, u32 reserved, u64 serial} of
// the statement dictionary.
#pragma once

#include <cstdint>

namespace pgring {

enum class Directive : char {
  // The message behind refers to this dictionary statement by its server name: make sure that the
  // connection has it; a Parse sent for this has its ParseComplete hidden.
  kUse = 0x01,
  // Stands for the client's Parse of a named statement. If the connection has the statement, the
  // client gets a ParseComplete made up in its place; else a Parse is sent and its reply shown.
  kPrepare = 0x02,
  // Body: {u64 serial, a complete Parse message of the unnamed statement}. To be sent with its
  // reply hidden unless the connection's unnamed statement is this client's with that serial.
  kUnnamed = 0x03,
  // Stands for the client's Close of a named statement: a CloseComplete made up in its place.
  kForget = 0x04,
  // Body: a complete message, to be sent with its reply hidden.
  kHidden = 0x05,
  // The client's own Parse of the unnamed statement follows. Body: {u64 serial}: the worker notes
  // whose unnamed statement the connection now has. Counts as a name operation like kPrepare.
  kOwnUnnamed = 0x06,
  // What is in front of it is to be answered now (a Flush is sent); then the master is told, with a
  // kAnswered frame. Body: {u8 number}, returned in that frame. Nothing follows until the reply has
  // said more: this, an error, or that a COPY has begun.
  kAsk = 0x07,
};

struct StatementRef {
  uint32_t entry;
  uint32_t reserved;
  uint64_t serial;
};
static_assert(sizeof(StatementRef) == 16);

constexpr bool is_directive(char type) { return static_cast<unsigned char>(type) < 0x20; }
constexpr uint32_t kMessageHeader = 5;  // type and length

}  // namespace pgring
