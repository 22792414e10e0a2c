// The ring of tasks: its layout, and each rule that its header states.
#include "common/task_ring.h"

#include <doctest/doctest.h>

#include <atomic>
#include <initializer_list>
#include <thread>
#include <type_traits>
#include <vector>

#include "tests/unit/shared_fixture.h"

namespace pgring {
namespace {

constexpr std::size_t kCacheLine = 64;

struct Ring : SharedFixture {
  explicit Ring(uint32_t count = 64) : SharedFixture(count) {}
  TaskRing& ring = state.lanes[0].ring;
  Task* tasks = state.tasks;

  PublishResult publish(uint32_t task) { return pgring::publish(ring, tasks, task); }
  uint32_t claim(uint8_t worker = 1, uint8_t traffics = kAnyTraffic) {
    return pgring::claim(ring, tasks, worker, traffics);
  }
};

TEST_CASE("task word: every state, turn and worker survives packing") {
  for (const uint32_t turn : {0u, 1u, 0x7fffffffu, 0xffffffffu}) {
    for (const auto state :
         {TaskState::kFree, TaskState::kReady, TaskState::kClaimed, TaskState::kSent}) {
      for (const uint8_t worker : std::initializer_list<uint8_t>{0, 1, 64, 255}) {
        const TaskWord word = TaskWord::unpack(TaskWord{turn, state, worker}.pack());
        CHECK(word.turn == turn);
        CHECK(word.state == state);
        CHECK(word.worker == worker);
      }
    }
  }
  CHECK(TaskWord{0, TaskState::kFree, 0}.pack() == 0);
}

TEST_CASE("task: a short unit and its task take three cache lines") {
  CHECK(sizeof(Task) % kCacheLine == 0);
  CHECK(alignof(Task) == kCacheLine);
  CHECK(offsetof(Task, word) == 0);
  // What the master says before it publishes the task, and the worker looks at when it claims it.
  CHECK(offsetof(Task, published) + sizeof(Task::published) <= kCacheLine);
  // What both write while the unit is under way.
  CHECK(offsetof(Task, consumed) == kCacheLine);
  CHECK(offsetof(Task, worker_waits) + sizeof(Task::worker_waits) <= 2 * kCacheLine);
  // As long as the messages of a prepared statement with a parameter or two.
  CHECK(offsetof(Task, payload) + 96 <= kShortTask);
  CHECK(kShortTask == 3 * kCacheLine);
}

TEST_CASE("ring: tail, head and slots lie on different cache lines") {
  CHECK(offsetof(TaskRing, tail) == 0);
  CHECK(offsetof(TaskRing, head) == kCacheLine);
  CHECK(offsetof(TaskRing, slots) == 2 * kCacheLine);
  CHECK(sizeof(TaskRing) == 2 * kCacheLine + sizeof(uint64_t) * kLaneCapacity);
  CHECK((kLaneCapacity & (kLaneCapacity - 1)) == 0);
}

TEST_CASE("ring and task hold nothing but plain data and lock-free atomics") {
  CHECK(std::is_standard_layout_v<Task>);
  CHECK(std::is_standard_layout_v<TaskRing>);
  CHECK(std::is_trivially_destructible_v<Task>);
  CHECK(std::is_trivially_destructible_v<TaskRing>);
  CHECK(std::atomic<uint64_t>::is_always_lock_free);
  CHECK(std::atomic<uint32_t>::is_always_lock_free);
  CHECK(std::atomic_ref<TaskTraffic>::is_always_lock_free);
  CHECK(sizeof(std::atomic<uint64_t>) == sizeof(uint64_t));
}

TEST_CASE("publish raises the turn and makes the task Ready") {
  Ring ring;
  CHECK(ring.publish(7) == PublishResult::kPublished);
  CHECK(word_of(ring.tasks[7]).state == TaskState::kReady);
  CHECK(word_of(ring.tasks[7]).turn == 1);
  CHECK(word_of(ring.tasks[7]).worker == 0);
  CHECK(has_entries(ring.ring));
  CHECK(depth(ring.ring) == 1);
}

TEST_CASE("claim takes the oldest task and leaves the worker's name in it") {
  Ring ring;
  for (const uint32_t task : {5u, 3u, 9u}) ring.publish(task);
  CHECK(ring.claim(4) == 5);
  CHECK(word_of(ring.tasks[5]).state == TaskState::kClaimed);
  CHECK(word_of(ring.tasks[5]).worker == 4);
  CHECK(ring.claim(6) == 3);
  CHECK(ring.claim(4) == 9);
  CHECK(ring.claim(4) == kNoTask);
  CHECK_FALSE(has_entries(ring.ring));
  CHECK(word_of(ring.tasks[3]).worker == 6);
}

TEST_CASE("sent and finished tasks keep their turn; the owner's name goes with the end") {
  Ring ring;
  ring.publish(1);
  REQUIRE(ring.claim(3) == 1);
  mark_sent(ring.tasks[1]);
  CHECK(word_of(ring.tasks[1]).state == TaskState::kSent);
  CHECK(word_of(ring.tasks[1]).worker == 3);
  CHECK(word_of(ring.tasks[1]).turn == 1);
  finish(ring.tasks[1]);
  CHECK(word_of(ring.tasks[1]).state == TaskState::kFree);
  CHECK(word_of(ring.tasks[1]).worker == 0);
  CHECK(word_of(ring.tasks[1]).turn == 1);
}

TEST_CASE("a withdrawn task is passed over") {
  Ring ring;
  for (const uint32_t task : {1u, 2u, 3u}) ring.publish(task);
  CHECK(withdraw(ring.tasks[1]));
  CHECK(withdraw(ring.tasks[2]));
  CHECK_FALSE(withdraw(ring.tasks[2]));
  CHECK(word_of(ring.tasks[1]).state == TaskState::kFree);
  CHECK(ring.claim() == 3);
  CHECK_FALSE(withdraw(ring.tasks[3]));
  CHECK(ring.claim() == kNoTask);
}

TEST_CASE("a number left on the ring by an earlier turn gives no right to the task") {
  Ring ring;
  ring.publish(1);
  REQUIRE(withdraw(ring.tasks[1]));
  ring.publish(1);  // the ring now holds turn 1 and turn 2 of the same task
  CHECK(depth(ring.ring) == 2);
  CHECK(ring.claim() == 1);
  CHECK(word_of(ring.tasks[1]).turn == 2);
  CHECK(ring.claim() == kNoTask);
  CHECK_FALSE(has_entries(ring.ring));
}

TEST_CASE("a full ring refuses and changes nothing") {
  Ring ring(kLaneCapacity + 1);
  for (uint32_t task = 0; task < kLaneCapacity; ++task) {
    REQUIRE(ring.publish(task) == PublishResult::kPublished);
  }
  const uint64_t before = ring.tasks[kLaneCapacity].word.load();
  CHECK(ring.publish(kLaneCapacity) == PublishResult::kFull);
  CHECK(ring.tasks[kLaneCapacity].word.load() == before);
  CHECK(depth(ring.ring) == kLaneCapacity);
  REQUIRE(ring.claim() == 0);
  CHECK(ring.publish(kLaneCapacity) == PublishResult::kPublished);
  for (uint32_t task = 1; task <= kLaneCapacity; ++task) REQUIRE(ring.claim() == task);
}

TEST_CASE("the master makes room by itself where the head stands at withdrawn entries") {
  Ring ring(kLaneCapacity + 1);
  for (uint32_t task = 0; task < kLaneCapacity; ++task) ring.publish(task);
  REQUIRE(withdraw(ring.tasks[0]));
  REQUIRE(withdraw(ring.tasks[1]));
  CHECK(ring.publish(kLaneCapacity) == PublishResult::kPublished);
  CHECK(ring.claim() == 2);
}

TEST_CASE("the ring goes round many times") {
  Ring ring(3);
  for (uint32_t round = 0; round < 5 * kLaneCapacity; ++round) {
    const uint32_t task = round % 3;
    REQUIRE(ring.publish(task) == PublishResult::kPublished);
    REQUIRE(ring.claim() == task);
    finish(ring.tasks[task]);
  }
  CHECK(ring.ring.head.load() == 5 * kLaneCapacity);
}

TEST_CASE("a turn that wraps around is still told from the one before") {
  Ring ring;
  ring.tasks[1].word = TaskWord{0xffffffff, TaskState::kFree, 0}.pack();
  ring.publish(1);
  CHECK(word_of(ring.tasks[1]).turn == 0);
  CHECK(ring.claim() == 1);
}

TEST_CASE("a consumer that died between its claim and moving the head holds up nobody") {
  Ring ring;
  for (const uint32_t task : {1u, 2u}) ring.publish(task);
  ring.tasks[1].word = TaskWord{1, TaskState::kClaimed, 9}.pack();
  CHECK(has_entries(ring.ring));
  CHECK(ring.claim(2) == 2);
  CHECK(ring.claim(2) == kNoTask);
  CHECK_FALSE(has_entries(ring.ring));
  CHECK(word_of(ring.tasks[1]).worker == 9);
}

TEST_CASE("head != tail, and not the entry at head, says that the ring is not empty") {
  Ring ring;
  ring.publish(1);
  ring.tasks[1].word = TaskWord{1, TaskState::kClaimed, 9}.pack();  // claimed, head not moved yet
  ring.publish(2);
  CHECK(has_entries(ring.ring));
  CHECK(ring.claim() == 2);
}

TEST_CASE("a task whose traffic cannot be placed keeps its place") {
  Ring ring;
  ring.tasks[1].traffic = TaskTraffic::kExclusive;
  ring.tasks[2].traffic = TaskTraffic::kIndependentRead;
  ring.publish(1);
  ring.publish(2);
  const uint8_t reads = traffic_bit(TaskTraffic::kIndependentRead);
  CHECK(ring.claim(1, reads) == kNoTask);
  CHECK(ring.claim(1, 0) == kNoTask);
  CHECK(word_of(ring.tasks[1]).state == TaskState::kReady);
  CHECK(ring.claim(1, traffic_bit(TaskTraffic::kExclusive)) == 1);
  CHECK(ring.claim(1, reads) == 2);
}

TEST_CASE("a head that lags behind is helped over everything settled") {
  Ring ring;
  for (uint32_t task = 0; task < 10; ++task) ring.publish(task);
  for (uint32_t task = 0; task < 10; ++task) REQUIRE(ring.claim() == task);
  ring.ring.head = 0;  // as if nobody had come to moving it
  ring.publish(10);
  CHECK(ring.claim() == 10);
  CHECK(ring.ring.head.load() == 11);
}

// Consumers and a withdrawing producer at once; each turn of a task must end exactly once.
TEST_CASE("many consumers: every publication is claimed or withdrawn exactly once") {
  constexpr uint32_t kTasks = 48;
  constexpr uint32_t kRounds = 30000;
  Ring ring(kTasks);
  std::atomic<bool> done = false;
  std::atomic<uint64_t> claimed = 0;
  std::vector<std::thread> consumers;
  for (uint8_t worker = 1; worker <= 3; ++worker) {
    consumers.emplace_back([&, worker] {
      while (!done || has_entries(ring.ring)) {
        const uint32_t task = ring.claim(worker);
        if (task == kNoTask) {
          std::this_thread::yield();
          continue;
        }
        if (word_of(ring.tasks[task]).worker == worker) ++claimed;
        mark_sent(ring.tasks[task]);
      }
    });
  }
  uint64_t published = 0, withdrawn = 0;
  for (uint32_t round = 0; round < kRounds; ++round) {
    const uint32_t task = round % kTasks;
    while (word_of(ring.tasks[task]).state != TaskState::kFree) {
      if (word_of(ring.tasks[task]).state == TaskState::kSent) finish(ring.tasks[task]);
      std::this_thread::yield();
    }
    if (ring.publish(task) == PublishResult::kPublished) ++published;
    if (round % 3 == 0 && withdraw(ring.tasks[task])) ++withdrawn;
  }
  done = true;
  for (std::thread& consumer : consumers) consumer.join();
  CHECK(published == kRounds);
  CHECK(claimed + withdrawn == published);
}

}  // namespace
}  // namespace pgring
