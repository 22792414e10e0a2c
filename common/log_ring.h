// The way of log records from every process to the logger process, through shared memory.
//
// Each process has a slot of its own, and a slot is a ring of bytes with one producer (the process
// that owns it) and one consumer (the logger). So no step needs more than one plain store:
//
//  - `written` and `read` count bytes since the beginning and never decrease. The bytes in
//    [read, written) of the ring (position modulo its size) are whole records, always.
//  - The producer copies a record behind `written`, where the consumer does not look, and then
//    publishes it with one store of `written`. Killed before that store it has written nothing,
//    killed after it everything: no kill leaves half a record or stops anyone.
//  - The consumer copies records out and gives their room back with one store of `read`, after they
//    are in the log file. Killed before that store, its successor begins at the same record: a
//    record can be written twice by a logger's death, never lost.
//  - A record that does not fit is dropped and counted in `dropped`. Nobody ever waits.
//
// A slot's next owner goes on from its `written`. The master gives a slot away only after it has
// reaped its owner, and starts a logger only after it has reaped the one before: that order, not a
// lock, is what makes producer and consumer single.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "common/log_record.h"

namespace pgring {

// The fixed part of a slot, in shared memory. Each side's fields have a cache line of their own.
struct LogSlot {
  // Only the producer stores. Release, with the acquire in LogRingReader::begin().
  alignas(64) std::atomic<uint64_t> written;
  // Only the producer stores, relaxed: a number nothing else depends on.
  std::atomic<uint64_t> dropped;
  // Only the consumer stores. Release, with the acquire in LogRing::write().
  alignas(64) std::atomic<uint64_t> read;
  // How many of `dropped` a line in the log has told. Only the consumer stores; relaxed.
  std::atomic<uint64_t> reported;
};
static_assert(std::atomic<uint64_t>::is_always_lock_free);

// A view of a log ring in memory that the caller keeps; copies see the same ring.
class LogRing {
 public:
  // `slot_bytes` is the room for records of each slot: a power of two, at least kMinSlotBytes.
  static constexpr std::size_t kMinSlotBytes = 32768;
  static std::size_t bytes_needed(unsigned slots, std::size_t slot_bytes);

  // Makes an empty ring in `memory`, aligned to 64 and of bytes_needed(). Throws
  // std::invalid_argument. Before the first fork; afterwards processes copy the view.
  static LogRing create(std::span<std::byte> memory, unsigned slots, std::size_t slot_bytes);
  // The ring that create() made in `memory`. Throws std::invalid_argument if there is none.
  static LogRing attach(std::span<std::byte> memory);

  enum class Written : uint8_t {
    kYes,
    kYesHalfFull,  // and with this record the slot became more than half full: wake the logger
    kDropped,
  };
  // Only by the slot's owner. Does not wait, allocate or fail.
  Written write(unsigned slot, const LogRecord& record) const;

  unsigned slots() const { return header_->slots; }
  std::size_t slot_bytes() const { return header_->slot_bytes; }
  // The level below which no process on the ring logs; kInfo at first. The master stores it, and
  // every process learns it with its next record. Relaxed: nothing else depends on it.
  LogLevel level() const { return header_->level.load(std::memory_order_relaxed); }
  void set_level(LogLevel level) const { header_->level.store(level, std::memory_order_relaxed); }
  // Records ever dropped because a slot was full, and by the logger because a file could not take
  // them. Any process may ask.
  uint64_t dropped() const;

 private:
  friend class LogRingReader;

  struct Header {
    uint64_t magic;
    uint32_t slots;
    uint32_t slot_bytes;
    std::atomic<LogLevel> level;
    // Records lost on their way into files. Only the logger stores; relaxed.
    std::atomic<uint64_t> lost_by_logger;
  };

  explicit LogRing(Header* header) : header_(header) {}
  static std::size_t stride(std::size_t slot_bytes);
  LogSlot& slot(unsigned number) const;
  char* bytes(unsigned number) const;
  std::size_t offset(uint64_t position) const { return position & (header_->slot_bytes - 1); }

  Header* header_;
};

}  // namespace pgring
