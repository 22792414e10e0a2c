// Tasks and blocks lent and given back; streams that are longer than what holds them.
#include "master/task_store.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <set>
#include <string>

#include "tests/unit/shared_fixture.h"
#include "worker/unit_sender.h"

namespace pgring {
namespace {

struct Store : SharedFixture {
  explicit Store(uint32_t tasks = 8, uint32_t blocks = 64)
      : SharedFixture(tasks, blocks), store(state, blocks) {}
  TaskStore store;

  // As a worker does: takes up to `most` bytes.
  std::string consume(uint32_t number, std::size_t most) {
    Task& task = state.tasks[number];
    const uint64_t end = task.published & ~kStreamClosed, from = task.consumed;
    std::string bytes(std::min<uint64_t>(most, end - from), '\0');
    copy_payload(state, task, from, bytes.data(), bytes.size());
    task.consumed = from + bytes.size();
    return bytes;
  }
};

std::string pattern(uint64_t from, std::size_t count) {
  std::string bytes(count, '\0');
  for (std::size_t i = 0; i < count; ++i) {
    bytes[i] = static_cast<char>(((from + i) * 2654435761u) >> 13 & 0xff);
  }
  return bytes;
}

TEST_CASE("task store: every task is lent once, then none, and comes back") {
  Store store;
  std::set<uint32_t> lent;
  for (int i = 0; i < 8; ++i) lent.insert(store.store.allocate());
  CHECK(lent.size() == 8);
  CHECK(*lent.rbegin() == 7);
  CHECK(store.store.free_tasks() == 0);
  CHECK(store.store.allocate() == kNoTask);
  store.store.release(3);
  CHECK(store.store.allocate() == 3);
}

TEST_CASE("task store: short payloads take no block") {
  Store store;
  const uint32_t task = store.store.allocate();
  store.store.append(task, pattern(0, kInlinePayload));
  CHECK(store.store.free_blocks() == 64);
  store.store.append(task, "x");
  CHECK(store.store.free_blocks() == 63);
  store.store.flush(task, true);
  CHECK(store.state.tasks[task].published == (kStreamClosed | (kInlinePayload + 1)));
  CHECK(store.consume(task, 10000) == pattern(0, kInlinePayload) + "x");
}

TEST_CASE("task store: nothing is visible before flush") {
  Store store;
  const uint32_t task = store.store.allocate();
  store.store.append(task, "abc");
  CHECK(store.state.tasks[task].published == 0);
  store.store.flush(task, false);
  CHECK(store.state.tasks[task].published == 3);
}

TEST_CASE("task store: the window is what the worker has not taken yet") {
  Store store;
  const uint32_t task = store.store.allocate();
  const uint64_t window = store.store.room(task);
  CHECK(window == kPayloadWindow - kBlockSize);
  store.store.append(task, pattern(0, window));
  CHECK(store.store.room(task) == 0);
  store.store.flush(task, false);
  store.consume(task, 1000);
  CHECK(store.store.room(task) == 1000);
  CHECK(store.store.is_whole(task));
}

TEST_CASE("task store: a stream of any length passes through unchanged") {
  Store store;
  std::mt19937 random(7);
  const uint32_t task = store.store.allocate();
  constexpr uint64_t kLength = 6'000'000;
  uint64_t written = 0, taken = 0;
  while (taken < kLength) {
    const uint64_t most = std::min<uint64_t>(store.store.room(task), kLength - written);
    const uint64_t count = std::min<uint64_t>(most, 1 + random() % 70000);
    store.store.append(task, pattern(written, count));
    written += count;
    store.store.flush(task, written == kLength);
    const std::string got = store.consume(task, random() % 70000);
    REQUIRE(got == pattern(taken, got.size()));
    taken += got.size();
  }
  CHECK_FALSE(store.store.is_whole(task));
  CHECK(store.store.written(task) == kLength);
  store.store.release(task);
  CHECK(store.store.free_blocks() == 64);
}

TEST_CASE("task store: a stream that is read as it comes needs few blocks") {
  Store store;
  const uint32_t task = store.store.allocate();
  for (uint64_t written = 0; written < 1'000'000; written += 5000) {
    store.store.append(task, pattern(written, 5000));
    store.store.flush(task, false);
    REQUIRE(store.consume(task, 5000) == pattern(written, 5000));
    CHECK(store.store.room(task) > 0);
    REQUIRE(store.store.free_blocks() >= 62);
  }
}

// More long streams than blocks: each goes on with the block that it has.
TEST_CASE("task store: streams that share too few blocks all come to their end") {
  Store store(8, 6);
  constexpr uint64_t kLength = 700'000;
  struct Stream {
    uint32_t task;
    uint64_t written = 0, taken = 0;
  };
  std::vector<Stream> streams;
  for (int i = 0; i < 6; ++i) streams.push_back({store.store.allocate()});
  std::mt19937 random(11);
  // Each begins with as much as one block can hold.
  for (Stream& stream : streams) {
    stream.written = kInlinePayload + 100;
    store.store.append(stream.task, pattern(0, stream.written));
    store.store.flush(stream.task, false);
  }
  CHECK(store.store.free_blocks() == 0);
  for (int step = 0; step < 100000; ++step) {
    Stream& stream = streams[random() % streams.size()];
    const uint64_t count =
        std::min<uint64_t>(store.store.room(stream.task), kLength - stream.written);
    store.store.append(stream.task, pattern(stream.written, count));
    stream.written += count;
    store.store.flush(stream.task, stream.written == kLength);
    const std::string got = store.consume(stream.task, 1 + random() % 40000);
    REQUIRE(got == pattern(stream.taken, got.size()));
    stream.taken += got.size();
  }
  for (const Stream& stream : streams) CHECK(stream.taken == kLength);
}

TEST_CASE("task store: without a free block a new stream waits, and only for that") {
  Store store(8, 1);
  const uint32_t holder = store.store.allocate(), waiting = store.store.allocate();
  store.store.append(holder, pattern(0, kInlinePayload + 1));
  CHECK(store.store.room(waiting) == kInlinePayload);
  store.store.append(waiting, pattern(0, kInlinePayload));
  CHECK(store.store.room(waiting) == 0);
  store.store.release(holder);
  CHECK(store.store.room(waiting) == kBlockSize);
}

TEST_CASE("task store: a task given back by a worker keeps what it had, or says that it has not") {
  Store store;
  const uint32_t task = store.store.allocate();
  store.store.append(task, pattern(0, 100'000));
  store.store.flush(task, false);
  store.consume(task, 90'000);
  CHECK(store.store.is_whole(task));
  store.state.tasks[task].consumed = 0;  // the worker's part of giving it back
  store.store.rewind(task);
  CHECK(store.consume(task, 200'000) == pattern(0, 100'000));
  REQUIRE(store.store.room(task) > 0);
  store.store.append(task, pattern(100'000, 50'000));  // into blocks that were consumed
  CHECK_FALSE(store.store.is_whole(task));
}

TEST_CASE("task store: a worker that gives the task back in between does not harm the stream") {
  Store store(8, 2);
  const uint32_t task = store.store.allocate();
  store.store.append(task, pattern(0, kInlinePayload + 2 * kBlockSize));
  store.store.flush(task, false);
  store.consume(task, kInlinePayload + 2 * kBlockSize);
  const uint64_t room = store.store.room(task);
  CHECK(room == 2 * kBlockSize);
  store.state.tasks[task].consumed = 0;
  store.store.append(task, pattern(0, room));
  CHECK_FALSE(store.store.is_whole(task));
  store.store.release(task);
  CHECK(store.store.free_blocks() == 2);
}

TEST_CASE("task store: a restart returns the blocks and clears what the last unit left") {
  Store store;
  const uint32_t number = store.store.allocate();
  Task& task = store.state.tasks[number];
  store.store.append(number, pattern(0, 100'000));
  store.store.flush(number, true);
  task.requests = kRequestCancel;
  task.worker_waits = task.master_waits = 1;
  task.attempts = 2;
  task.plain = false;
  store.store.restart(number);
  CHECK(store.store.free_blocks() == 64);
  CHECK(store.store.written(number) == 0);
  CHECK(task.published == 0);
  CHECK(task.consumed == 0);
  CHECK(task.delivered == 0);
  CHECK(task.requests == 0);
  CHECK(task.worker_waits == 0);
  CHECK(task.master_waits == 0);
  CHECK(task.attempts == 0);
  CHECK(task.plain);
  CHECK(task.traffic == TaskTraffic::kExclusive);
}

}  // namespace
}  // namespace pgring
