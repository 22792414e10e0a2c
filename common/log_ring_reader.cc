// The log ring's consumer side.
#include "common/log_ring_reader.h"

#include <algorithm>
#include <cstring>

namespace pgring {

LogRingReader::LogRingReader(const LogRing& ring) : ring_(ring), cursors_(ring.slots()) {
  for (unsigned i = 0; i < ring_.slots(); ++i) {
    // Relaxed: only consumers store it, and the one before this has been reaped.
    cursors_[i].position = cursors_[i].end = ring_.slot(i).read.load(std::memory_order_relaxed);
  }
}

bool LogRingReader::begin() {
  bool any = next_drops().has_value();
  for (unsigned i = 0; i < ring_.slots(); ++i) {
    // Acquire, with the release in LogRing::write().
    cursors_[i].end = ring_.slot(i).written.load(std::memory_order_acquire);
    look_ahead(i);
    any |= cursors_[i].position != cursors_[i].end;
  }
  return any;
}

void LogRingReader::copy(unsigned slot, uint64_t position, std::size_t length, char* to) const {
  const std::size_t at = ring_.offset(position);
  const std::size_t first = std::min(length, ring_.slot_bytes() - at);
  std::memcpy(to, ring_.bytes(slot) + at, first);
  std::memcpy(to + first, ring_.bytes(slot), length - first);
}

void LogRingReader::look_ahead(unsigned slot) {
  Cursor& cursor = cursors_[slot];
  if (cursor.position == cursor.end) return;
  const uint64_t available = cursor.end - cursor.position;
  std::array<char, kLogRecordHeader> header;
  cursor.length = 0;
  if (available >= header.size()) {
    copy(slot, cursor.position, header.size(), header.data());
    std::memcpy(&cursor.length, header.data(), sizeof(cursor.length));
    cursor.time_us = log_record_time(header);
  }
  if (cursor.length < header.size() ||
      cursor.length > std::min<uint64_t>(available, kMaxLogRecord)) {
    damaged_ += available;
    cursor.position = cursor.end;
  }
}

std::optional<LogRecord> LogRingReader::next() {
  for (;;) {
    unsigned oldest = ring_.slots();
    for (unsigned i = 0; i < ring_.slots(); ++i) {
      const Cursor& cursor = cursors_[i];
      if (cursor.position == cursor.end) continue;
      if (oldest == ring_.slots() || cursor.time_us < cursors_[oldest].time_us) oldest = i;
    }
    if (oldest == ring_.slots()) return std::nullopt;
    Cursor& cursor = cursors_[oldest];
    const std::size_t length = cursor.length;
    copy(oldest, cursor.position, length, buffer_.data());
    cursor.position += length;
    look_ahead(oldest);
    if (auto record = decode_log_record({buffer_.data(), length})) return record;
    damaged_ += length;
  }
}

void LogRingReader::commit() {
  for (unsigned i = 0; i < ring_.slots(); ++i) {
    // Release, with the acquire in LogRing::write(): the bytes have been copied out.
    ring_.slot(i).read.store(cursors_[i].position, std::memory_order_release);
  }
}

std::optional<LogRingReader::Drops> LogRingReader::next_drops(unsigned first_slot) const {
  for (unsigned i = first_slot; i < ring_.slots(); ++i) {
    const LogSlot& slot = ring_.slot(i);
    const uint64_t dropped = slot.dropped.load(std::memory_order_relaxed);
    const uint64_t reported = slot.reported.load(std::memory_order_relaxed);
    if (dropped != reported) return Drops{i, dropped - reported};
  }
  return std::nullopt;
}

void LogRingReader::set_reported(const Drops& drops) {
  std::atomic<uint64_t>& reported = ring_.slot(drops.slot).reported;
  reported.store(reported.load(std::memory_order_relaxed) + drops.count, std::memory_order_relaxed);
}

void LogRingReader::add_lost(uint64_t records) {
  std::atomic<uint64_t>& lost = ring_.header_->lost_by_logger;
  lost.store(lost.load(std::memory_order_relaxed) + records, std::memory_order_relaxed);
}

}  // namespace pgring
