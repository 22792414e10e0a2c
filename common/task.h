// A task: one unit of client messages that PostgreSQL answers with one ReadyForQuery, and the state
// word by which exactly one process owns it.
//
// The word holds {turn, state, worker}. Transitions and who makes them:
//
//   Free    -> Ready    master   publish(): the task number is on a lane
//   Ready   -> Claimed  worker   claim(): the one compare-and-swap of a consumer
//   Ready   -> Free     master   withdraw(): cancelled, timed out or its client is gone
//   Claimed -> Sent     worker   mark_sent(): before the first byte goes to PostgreSQL
//   Claimed,
//   Sent    -> Free     master   finish(): the task's last frame has come, or its worker is dead
//
// Each Free -> Ready raises the turn, so that a number left behind on a lane, or a late frame, is
// recognised as belonging to an earlier task. Only the master allocates and frees; a worker that is
// killed anywhere leaves its name in the word and nothing else to repair.
//
// Payload. Both directions are streams with a window, so that a statement or a result of any size
// passes through bounded memory:
//  - client to server: the first kInlinePayload bytes lie in the task, the rest in blocks. Byte p
//    lies in block slot ((p - kInlinePayload) / kBlockSize) % kBlocksPerTask. The master writes up
//    to `published`, the worker takes up to `consumed`; a block is filled again, in a later slot,
//    once it is consumed.
//  - server to client: the worker sends frames through its pipe; `delivered` counts the bytes that
//    have left the master, and the worker lets at most kReplyWindow be under way.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace pgring {

enum class TaskState : uint8_t { kFree, kReady, kClaimed, kSent };

struct TaskWord {
  uint32_t turn;
  TaskState state;
  uint8_t worker;  // 1..kMaxWorkers, 0 when Free or Ready

  constexpr uint64_t pack() const {
    return static_cast<uint64_t>(turn) << 32 | static_cast<uint64_t>(state) << 8 | worker;
  }
  static constexpr TaskWord unpack(uint64_t bits) {
    return {static_cast<uint32_t>(bits >> 32), static_cast<TaskState>(bits >> 8 & 0xff),
            static_cast<uint8_t>(bits & 0xff)};
  }
};

enum class TaskKind : uint8_t {
  kUnit,     // client messages for the server
  kHello,    // the parameter set is applied to a connection; the answer is that connection's
             // ParameterStatus messages (the payload of kEnd). Its own payload is empty
  kRelease,  // the linked client is gone: reset or close its connection (mailbox only)
};

// What the master found out about the unit; decides what may share a connection with it.
enum class TaskTraffic : uint8_t {
  kExclusive,         // alone on its connection
  kIndependentRead,   // may be followed by others; may be run again
  kIndependentWrite,  // may wait for a row lock: only the last in a line; never run again
};

constexpr uint32_t kBlockSize = 16 * 1024;
constexpr uint32_t kBlocksPerTask = 16;
constexpr uint32_t kInlinePayload = 512;
constexpr uint64_t kPayloadWindow = kInlinePayload + uint64_t{kBlockSize} * kBlocksPerTask;
constexpr uint64_t kReplyWindow = 256 * 1024;
constexpr uint32_t kNoBlock = 0xffffffff;
constexpr uint32_t kNoClient = 0xffffffff;
constexpr uint32_t kNoTask = 0xffffffff;
constexpr uint64_t kStreamClosed = uint64_t{1} << 63;  // in `published`: nothing more follows

// Bits of Task::requests.
constexpr uint32_t kRequestCancel = 1;   // the client wants the running statement cancelled
constexpr uint32_t kRequestAbandon = 2;  // the client is gone: cancel and throw the reply away

// What a short unit needs comes first, in as few lines of the processors' caches as may be: each of
// them goes from the master's processor to the worker's and back.
struct alignas(64) Task {
  std::atomic<uint64_t> word;

  // Written by the master before publish(), constant until finish().
  uint32_t client;         // index in the master's table; the name of a link
  uint32_t parameter_set;  // index in the table of parameter sets
  uint64_t parameter_serial;
  int64_t ready_at;         // monotonic microseconds of publish()
  uint64_t unnamed_serial;  // of the unnamed Parse that the unit begins with, without a directive; 0
  uint16_t lane;
  TaskKind kind;
  TaskTraffic traffic;
  bool session;      // the link lasts beyond the transaction (session pooling)
  bool plain;        // no directives and no Terminate in the payload: it can be sent as it is
  uint8_t attempts;  // how often it was run before

  std::atomic<uint32_t> requests;  // only the master writes

  // Client to server.
  std::atomic<uint64_t> published;  // only the master writes; kStreamClosed at the end
  std::atomic<uint64_t> consumed;   // only the worker writes
  // Set by the master when it waits for `consumed` to move, taken back by the worker, which then
  // sends a kConsumed frame. Dekker: master stores the flag, then loads consumed; worker stores
  // consumed, then loads the flag; all four seq_cst.
  std::atomic<uint32_t> master_waits;

  std::atomic<uint64_t> delivered;  // reply bytes; only the master writes
  // Set by the worker when it waits for `delivered` to move, taken back by the master, which then
  // raises the worker's attention. The same pattern with the roles changed.
  std::atomic<uint32_t> worker_waits;

  char payload[kInlinePayload];
  uint32_t blocks[kBlocksPerTask];  // a slot is written before `published` covers it
};

// Of the task and the payload of a short unit.
constexpr std::size_t kShortTask = 192;

static_assert(std::atomic<uint64_t>::is_always_lock_free);
static_assert(sizeof(Task) % 64 == 0);
static_assert(offsetof(Task, payload) % 4 == 0 && offsetof(Task, payload) < kShortTask / 2);

}  // namespace pgring
