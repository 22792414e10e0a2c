// Frames on a worker's reply pipe: {header, payload}, written by the worker, read by the master.
// Both are processes of one program on one machine, so the header is a plain struct in memory
// order. A frame cut short by the worker's death is dropped by the reader.
//
// What PostgreSQL sent is never altered on its way: payloads are passed on without being parsed,
// but where a flag says that there is something in them that the master must see.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace pgring {

enum class FrameKind : uint8_t {
  kReply,     // bytes of a task's reply, more will follow
  kEnd,       // the last bytes of a task's reply (perhaps none); `status` holds. The task is free
  kFailed,    // the task ends without ReadyForQuery: payload is a complete ErrorResponse or empty
  kRetry,     // nothing of the task has run, or it may be run again: put it back on its lane
  kConsumed,  // the task's input stream has room again; no payload
  kAnswered,  // everything in front of the kAsk with the number in `status` has been answered
  kHello,     // payload: the ParameterStatus messages of a new connection of lane `task`
  kAsync,     // to the linked client `task` (not a task number) outside of any task
  kLinkLost,  // the linked client `task`: its connection died; payload: an ErrorResponse or empty
  kLoginFailed,  // lane `task`: a connection could not be opened; payload: an ErrorResponse or
                 // empty
  kLast = kLoginFailed,
};

// FrameHeader::flags
constexpr uint8_t kFrameHasError = 1;            // an ErrorResponse is in the payload
constexpr uint8_t kFrameHasParameterStatus = 2;  // a whole ParameterStatus is in the payload
constexpr uint8_t kFrameCopyIn = 4;  // CopyInResponse or CopyBothResponse: input reopens
constexpr uint8_t kFrameLinked = 8;  // kEnd: the client keeps this connection
constexpr uint8_t kFrameFatal = 16;  // kFailed: the client must be closed afterwards
// kEnd: the unit's error was the answer to a kOwnUnnamed Parse, which dropped the old statement.
constexpr uint8_t kFrameUnnamedFailed = 64;
// kRetry: it only stood behind another's statement for too long; nothing has gone wrong.
constexpr uint8_t kFrameMoved = 128;
// The same bit, with kFrameHasError: of a Query or FunctionCall, behind which ReadyForQuery needs
// no Sync.
constexpr uint8_t kFrameQueryFailed = 128;
constexpr uint8_t kFrameNoServer = 32;  // kLoginFailed: nobody answered (down, refused, timed out);
                                        // unset: PostgreSQL itself refused, waiting will not help

struct FrameHeader {
  uint32_t length;  // of the payload, at most kMaxFramePayload
  uint32_t task;    // task number, lane or client, by kind
  uint32_t turn;    // the task's turn; a frame of an earlier turn is dropped
  FrameKind kind;
  uint8_t flags;
  uint8_t status;  // kEnd: 'I', 'T' or 'E' of the ReadyForQuery; kAnswered: number of the kAsk
  uint8_t cut;     // kReply: 1 where the payload may end inside a message
  uint32_t name_operations;  // kEnd: how many kPrepare, kForget, kOwnUnnamed took effect
  uint32_t server_us;        // kEnd: from the first byte sent to the last received, saturating
};

constexpr uint32_t kMaxFramePayload = 128 * 1024;
static_assert(sizeof(FrameHeader) == 24);

enum class FrameDecode : uint8_t { kFrame, kIncomplete, kMalformed };

// Looks at the first frame in `bytes`. kFrame: `header` is filled, its payload follows the header.
inline FrameDecode decode_frame(std::span<const char> bytes, FrameHeader& header) {
  if (bytes.size() < sizeof(FrameHeader)) return FrameDecode::kIncomplete;
  std::memcpy(&header, bytes.data(), sizeof(FrameHeader));
  if (header.length > kMaxFramePayload || header.kind > FrameKind::kLast) {
    return FrameDecode::kMalformed;
  }
  if (bytes.size() - sizeof(FrameHeader) < header.length) return FrameDecode::kIncomplete;
  return FrameDecode::kFrame;
}

}  // namespace pgring
