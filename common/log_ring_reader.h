// The logger's side of the log ring: takes records of all slots in the order of their times, in
// batches. Nothing is given back to the producers before commit().
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "common/log_ring.h"

namespace pgring {

class LogRingReader {
 public:
  // At most one process reads at any time; see log_ring.h for who takes care of that.
  explicit LogRingReader(const LogRing& ring);

  // Starts a batch: what is published by now. True if there is anything, dropped records included.
  bool begin();
  // The oldest record of the batch; its strings live until the next call. Empty at the end. Order
  // is by time within a batch; between batches a slot's own order holds.
  std::optional<LogRecord> next();
  // Gives back what next() has returned so far.
  void commit();

  // How many records a slot has dropped that no line has told yet. Told with set_reported().
  struct Drops {
    unsigned slot;
    uint64_t count;
  };
  std::optional<Drops> next_drops(unsigned first_slot = 0) const;
  void set_reported(const Drops& drops);

  // Adds to what LogRing::dropped() tells.
  void add_lost(uint64_t records);
  // Bytes skipped because they were no records: a process gone wild has written over its slot.
  // Returns and clears.
  uint64_t take_damaged() { return std::exchange(damaged_, 0); }

 private:
  struct Cursor {
    uint64_t position = 0;  // next record to return
    uint64_t end = 0;       // `written` as of begin()
    int64_t time_us = 0;    // of the record at position, if position != end
    uint32_t length = 0;
  };
  void look_ahead(unsigned slot);
  void copy(unsigned slot, uint64_t position, std::size_t length, char* to) const;

  LogRing ring_;
  std::vector<Cursor> cursors_;
  uint64_t damaged_ = 0;
  std::array<char, kMaxLogRecord> buffer_;
};

}  // namespace pgring
