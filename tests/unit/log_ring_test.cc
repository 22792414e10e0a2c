// The log ring within one process: layout, wrap-around, full slots, order, and damage.
#include "common/log_ring.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>

#include "common/log_ring_reader.h"

namespace pgring {
namespace {

constexpr std::size_t kSlotBytes = LogRing::kMinSlotBytes;

struct RingMemory {
  explicit RingMemory(unsigned slots)
      : size(LogRing::bytes_needed(slots, kSlotBytes)),
        bytes(static_cast<std::byte*>(std::aligned_alloc(64, (size + 63) / 64 * 64)), std::free) {}
  std::span<std::byte> span() const { return {bytes.get(), size}; }

  std::size_t size;
  std::unique_ptr<std::byte, void (*)(void*)> bytes;
};

LogRecord record(int64_t time, std::string_view text) {
  LogRecord made;
  made.time_us = time;
  made.text = text;
  return made;
}

TEST_CASE("log slot layout: each side has its own cache line") {
  CHECK(sizeof(LogSlot) == 128);
  CHECK(offsetof(LogSlot, written) == 0);
  CHECK(offsetof(LogSlot, read) == 64);
}

TEST_CASE("a log ring needs aligned memory of its size and a sensible slot size") {
  const RingMemory memory(2);
  CHECK_THROWS_AS(LogRing::create(memory.span(), 2, kSlotBytes - 1), std::invalid_argument);
  CHECK_THROWS_AS(LogRing::create(memory.span(), 2, kSlotBytes / 2), std::invalid_argument);
  CHECK_THROWS_AS(LogRing::create(memory.span(), 3, kSlotBytes), std::invalid_argument);
  CHECK_THROWS_AS(LogRing::create(memory.span().subspan(1), 1, kSlotBytes), std::invalid_argument);
  std::memset(memory.bytes.get(), 0, memory.size);
  CHECK_THROWS_AS(LogRing::attach(memory.span()), std::invalid_argument);
  LogRing::create(memory.span(), 2, kSlotBytes);
  CHECK(LogRing::attach(memory.span()).slots() == 2);
}

TEST_CASE("records of several slots come in the order of their times") {
  const RingMemory memory(3);
  const LogRing ring = LogRing::create(memory.span(), 3, kSlotBytes);
  LogRingReader reader(ring);
  CHECK_FALSE(reader.begin());
  ring.write(2, record(30, "c"));
  ring.write(0, record(10, "a"));
  ring.write(1, record(20, "b"));
  ring.write(0, record(40, "d"));
  REQUIRE(reader.begin());
  std::string order;
  while (const auto next = reader.next()) order += next->text;
  CHECK(order == "abcd");
}

TEST_CASE("records written after begin() wait for the next batch") {
  const RingMemory memory(1);
  const LogRing ring = LogRing::create(memory.span(), 1, kSlotBytes);
  LogRingReader reader(ring);
  ring.write(0, record(1, "first"));
  REQUIRE(reader.begin());
  ring.write(0, record(2, "second"));
  CHECK(reader.next()->text == "first");
  CHECK_FALSE(reader.next());
  REQUIRE(reader.begin());
  CHECK(reader.next()->text == "second");
}

TEST_CASE("wrap-around: records of all sizes pass many times around the ring") {
  const RingMemory memory(1);
  const LogRing ring = LogRing::create(memory.span(), 1, kSlotBytes);
  LogRingReader reader(ring);
  std::size_t bytes = 0;
  for (int i = 0; bytes < 20 * kSlotBytes; ++i) {
    const std::string text(static_cast<std::size_t>(i * 37) % (kMaxLogText + 1),
                           static_cast<char>('a' + i % 26));
    REQUIRE(ring.write(0, record(i, text)) != LogRing::Written::kDropped);
    bytes += text.size() + kLogRecordHeader;
    REQUIRE(reader.begin());
    const auto read = reader.next();
    REQUIRE(read);
    REQUIRE(read->time_us == i);
    REQUIRE(read->text == text);
    reader.commit();
  }
  CHECK(ring.dropped() == 0);
}

TEST_CASE("a full slot drops and counts, says when it is half full, and goes on after a commit") {
  const RingMemory memory(2);
  const LogRing ring = LogRing::create(memory.span(), 2, kSlotBytes);
  LogRingReader reader(ring);
  const std::string text(1024 - kLogRecordHeader, 'x');  // 32 records fill the slot exactly
  int half_full = 0;
  for (int i = 0; i < 32; ++i) {
    const auto written = ring.write(1, record(i, text));
    REQUIRE(written != LogRing::Written::kDropped);
    if (written == LogRing::Written::kYesHalfFull) CHECK(i == 16);
    half_full += written == LogRing::Written::kYesHalfFull;
  }
  CHECK(half_full == 1);
  for (int i = 0; i < 5; ++i) {
    CHECK(ring.write(1, record(100, "")) == LogRing::Written::kDropped);
  }
  CHECK(ring.write(0, record(0, "another slot has room")) == LogRing::Written::kYes);
  CHECK(ring.dropped() == 5);

  REQUIRE(reader.begin());
  REQUIRE(reader.next()->text == "another slot has room");
  REQUIRE(reader.next()->time_us == 1 - 1);
  CHECK(ring.write(1, record(100, text)) == LogRing::Written::kDropped);  // not yet committed
  reader.commit();
  CHECK(ring.write(1, record(100, text)) != LogRing::Written::kDropped);
  CHECK(ring.dropped() == 6);

  const auto drops = reader.next_drops();
  REQUIRE(drops);
  CHECK(drops->slot == 1);
  CHECK(drops->count == 6);
  reader.set_reported(*drops);
  CHECK_FALSE(reader.next_drops());
  CHECK(ring.dropped() == 6);
  reader.add_lost(4);
  CHECK(ring.dropped() == 10);
}

TEST_CASE("a reader that did not commit leaves everything to the next one") {
  const RingMemory memory(1);
  const LogRing ring = LogRing::create(memory.span(), 1, kSlotBytes);
  for (int i = 0; i < 3; ++i) ring.write(0, record(i, std::to_string(i)));
  {
    LogRingReader reader(ring);
    reader.begin();
    reader.next();
    reader.commit();
    reader.next();
  }
  LogRingReader reader(ring);
  REQUIRE(reader.begin());
  CHECK(reader.next()->text == "1");
  CHECK(reader.next()->text == "2");
  CHECK_FALSE(reader.next());
}

TEST_CASE("a slot full of rubbish costs its rubbish and nothing else") {
  const RingMemory memory(2);
  const LogRing ring = LogRing::create(memory.span(), 2, kSlotBytes);
  LogRingReader reader(ring);
  ring.write(0, record(1, "good"));
  ring.write(1, record(2, "bad"));
  auto* slot = reinterpret_cast<LogSlot*>(memory.bytes.get() + 64 + sizeof(LogSlot) + kSlotBytes);
  const uint64_t size = slot->written.load();
  for (const int fill : {0, 0x7F, 0xFF}) {
    CAPTURE(fill);
    std::memset(reinterpret_cast<char*>(slot + 1), fill, kSlotBytes);
    slot->written.store(slot->read.load() + size);
    reader.begin();
    while (const auto next = reader.next()) CHECK(next->text == "good");
    CHECK(reader.take_damaged() == size);
    reader.commit();
  }
  slot->written.store(5);  // behind what has been read
  reader.begin();
  CHECK_FALSE(reader.next());
  reader.commit();
  CHECK(ring.write(1, record(3, "good again")) == LogRing::Written::kYes);
  REQUIRE(reader.begin());
  CHECK(reader.next()->text == "good again");
}

}  // namespace
}  // namespace pgring
