// The log ring's layout in memory, and its producers' side.
#include "common/log_ring.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstring>
#include <new>
#include <stdexcept>

namespace pgring {
namespace {

constexpr uint64_t kMagic = 0x706772696e676c31;  // "pgringl1"
constexpr std::size_t kHeaderBytes = 64;

}  // namespace

static_assert(kMaxLogRecord < LogRing::kMinSlotBytes);

std::size_t LogRing::stride(std::size_t slot_bytes) { return sizeof(LogSlot) + slot_bytes; }

std::size_t LogRing::bytes_needed(unsigned slots, std::size_t slot_bytes) {
  static_assert(sizeof(Header) <= kHeaderBytes && sizeof(LogSlot) % 64 == 0);
  return kHeaderBytes + slots * stride(slot_bytes);
}

LogRing LogRing::create(std::span<std::byte> memory, unsigned slots, std::size_t slot_bytes) {
  if (!std::has_single_bit(slot_bytes) || slot_bytes < kMinSlotBytes || slot_bytes > (1U << 30)) {
    throw std::invalid_argument("log ring: bad slot size");
  }
  if (reinterpret_cast<uintptr_t>(memory.data()) % 64 != 0 ||
      memory.size() < bytes_needed(slots, slot_bytes)) {
    throw std::invalid_argument("log ring: memory too small or not aligned");
  }
  auto* header = new (memory.data()) Header{
      kMagic, static_cast<uint32_t>(slots), static_cast<uint32_t>(slot_bytes), LogLevel::kInfo, {}};
  const LogRing ring(header);
  for (unsigned i = 0; i < slots; ++i) new (&ring.slot(i)) LogSlot{};
  return ring;
}

LogRing LogRing::attach(std::span<std::byte> memory) {
  auto* header = reinterpret_cast<Header*>(memory.data());
  if (memory.size() < kHeaderBytes || header->magic != kMagic ||
      memory.size() < bytes_needed(header->slots, header->slot_bytes)) {
    throw std::invalid_argument("log ring: there is none in this memory");
  }
  return LogRing(header);
}

LogSlot& LogRing::slot(unsigned number) const {
  assert(number < header_->slots);
  auto* base = reinterpret_cast<std::byte*>(header_) + kHeaderBytes;
  return *reinterpret_cast<LogSlot*>(base + number * stride(header_->slot_bytes));
}

char* LogRing::bytes(unsigned number) const { return reinterpret_cast<char*>(&slot(number) + 1); }

LogRing::Written LogRing::write(unsigned number, const LogRecord& record) const {
  char encoded[kMaxLogRecord];
  const std::size_t length = encode_log_record(record, encoded);

  LogSlot& own = slot(number);
  const std::size_t capacity = header_->slot_bytes;
  const uint64_t written = own.written.load(std::memory_order_relaxed);  // nobody else stores it
  // Acquire, with the release in LogRingReader::commit(): the consumer is done with that room.
  const uint64_t used = written - own.read.load(std::memory_order_acquire);
  if (used + length > capacity) {
    own.dropped.store(own.dropped.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    return Written::kDropped;
  }
  const std::size_t at = offset(written);
  const std::size_t first = std::min(length, capacity - at);
  std::memcpy(bytes(number) + at, encoded, first);
  std::memcpy(bytes(number), encoded + first, length - first);
  // Release, with the acquire in LogRingReader::begin(): who sees the record sees its bytes.
  own.written.store(written + length, std::memory_order_release);
  const bool crossed = used <= capacity / 2 && used + length > capacity / 2;
  return crossed ? Written::kYesHalfFull : Written::kYes;
}

uint64_t LogRing::dropped() const {
  uint64_t sum = header_->lost_by_logger.load(std::memory_order_relaxed);
  for (unsigned i = 0; i < header_->slots; ++i) {
    sum += slot(i).dropped.load(std::memory_order_relaxed);
  }
  return sum;
}

}  // namespace pgring
