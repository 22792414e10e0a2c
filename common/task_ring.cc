// Publishing, claiming and helping; see the invariants in the header.
#include "common/task_ring.h"

#include <cassert>

#include "common/prefetch.h"

namespace pgring {
namespace {

constexpr uint64_t kMask = kLaneCapacity - 1;

constexpr uint64_t entry_of(uint32_t turn, uint32_t task) {
  return static_cast<uint64_t>(turn) << 32 | task;
}

// Is the entry's task still waiting, in the very turn the entry was made for?
bool is_ready(TaskWord word, uint64_t entry) {
  return word.state == TaskState::kReady && word.turn == static_cast<uint32_t>(entry >> 32);
}

// Moves the head past `position`, which must be settled. Failing means someone else has done it.
void help(TaskRing& ring, uint64_t position) {
  ring.head.compare_exchange_strong(position, position + 1, std::memory_order_acq_rel,
                                    std::memory_order_relaxed);
}

// The master's side of helping, where it finds the ring full of withdrawn or claimed entries.
void skip_settled(TaskRing& ring, Task* tasks, uint64_t tail) {
  for (uint64_t at = ring.head.load(std::memory_order_acquire); at != tail; ++at) {
    const uint64_t entry = ring.slots[at & kMask].load(std::memory_order_relaxed);
    const Task& task = tasks[static_cast<uint32_t>(entry)];
    if (is_ready(TaskWord::unpack(task.word.load(std::memory_order_acquire)), entry)) return;
    help(ring, at);
  }
}

}  // namespace

PublishResult publish(TaskRing& ring, Task* tasks, uint32_t number) {
  Task& task = tasks[number];
  const uint64_t tail = ring.tail.load(std::memory_order_relaxed);  // own field
  if (tail - ring.head.load(std::memory_order_acquire) >= kLaneCapacity) {
    skip_settled(ring, tasks, tail);
    if (tail - ring.head.load(std::memory_order_acquire) >= kLaneCapacity) {
      return PublishResult::kFull;
    }
  }
  TaskWord word = TaskWord::unpack(task.word.load(std::memory_order_relaxed));
  assert(word.state == TaskState::kFree);
  word = {word.turn + 1, TaskState::kReady, 0};
  // READY: pairs with the acquire in claim(); all plain fields of the task become visible.
  task.word.store(word.pack(), std::memory_order_release);
  ring.slots[tail & kMask].store(entry_of(word.turn, number), std::memory_order_relaxed);
  // PUBLISH: pairs with the loads of tail in claim() and, for sleepers, in has_entries().
  ring.tail.store(tail + 1, std::memory_order_seq_cst);
  return PublishResult::kPublished;
}

bool withdraw(Task& task) {
  uint64_t bits = task.word.load(std::memory_order_acquire);
  const TaskWord word = TaskWord::unpack(bits);
  if (word.state != TaskState::kReady) return false;
  return task.word.compare_exchange_strong(bits, TaskWord{word.turn, TaskState::kFree, 0}.pack(),
                                           std::memory_order_acq_rel, std::memory_order_relaxed);
}

void finish(Task& task) {
  const TaskWord word = TaskWord::unpack(task.word.load(std::memory_order_relaxed));
  assert(word.state == TaskState::kClaimed || word.state == TaskState::kSent);
  task.word.store(TaskWord{word.turn, TaskState::kFree, 0}.pack(), std::memory_order_release);
}

uint32_t claim(TaskRing& ring, Task* tasks, uint8_t worker, uint8_t traffics) {
  uint64_t at = ring.head.load(std::memory_order_acquire);
  for (uint64_t tail; at != (tail = ring.tail.load(std::memory_order_acquire));) {  // LOOK
    const uint64_t entry = ring.slots[at & kMask].load(std::memory_order_relaxed);
    const auto number = static_cast<uint32_t>(entry);
    if (tail - at > 2) {  // the next but one, which the master has written on another processor
      const uint64_t soon = ring.slots[(at + 2) & kMask].load(std::memory_order_relaxed);
      prefetch_to_write(&tasks[static_cast<uint32_t>(soon)], kShortTask);
    }
    uint64_t bits = tasks[number].word.load(std::memory_order_acquire);
    const TaskWord word = TaskWord::unpack(bits);
    bool mine = false;
    if (is_ready(word, entry)) {
      // Constant while the task is Ready in this turn, which the exchange below makes sure of.
      const TaskTraffic traffic =
          std::atomic_ref<TaskTraffic>(tasks[number].traffic).load(std::memory_order_relaxed);
      if ((traffics & traffic_bit(traffic)) == 0) return kNoTask;
      const uint64_t claimed = TaskWord{word.turn, TaskState::kClaimed, worker}.pack();
      // CLAIM: the only step that takes a task. seq_cst, since the worker then looks at requests.
      mine = tasks[number].word.compare_exchange_strong(bits, claimed, std::memory_order_seq_cst,
                                                        std::memory_order_relaxed);
    }
    help(ring, at);  // HELP: the entry at `at` is settled, by us or by another
    if (mine) return number;
    at = ring.head.load(std::memory_order_acquire);
  }
  return kNoTask;
}

void mark_sent(Task& task) {
  const TaskWord word = TaskWord::unpack(task.word.load(std::memory_order_relaxed));
  assert(word.state == TaskState::kClaimed);
  task.word.store(TaskWord{word.turn, TaskState::kSent, word.worker}.pack(),
                  std::memory_order_release);
}

bool has_entries(const TaskRing& ring) {
  return ring.tail.load(std::memory_order_seq_cst) != ring.head.load(std::memory_order_seq_cst);
}

int64_t oldest_ready_at(const TaskRing& ring, Task* tasks) {
  const uint64_t head = ring.head.load(std::memory_order_acquire);
  if (head == ring.tail.load(std::memory_order_acquire)) return 0;
  const uint64_t entry = ring.slots[head & kMask].load(std::memory_order_relaxed);
  Task& task = tasks[static_cast<uint32_t>(entry)];
  return std::atomic_ref<int64_t>(task.ready_at).load(std::memory_order_relaxed);
}

uint32_t depth(const TaskRing& ring) {
  const uint64_t head = ring.head.load(std::memory_order_acquire);
  const uint64_t tail = ring.tail.load(std::memory_order_acquire);
  return tail > head ? static_cast<uint32_t>(tail - head) : 0;
}

}  // namespace pgring
