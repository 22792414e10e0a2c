// A lane: the ring of task numbers between the master and the workers. One producer, any number of
// consumers, any of which may be killed at any instruction.
//
// Invariants
//  - A slot holds {turn, task}. Being on the ring gives no right to a task: the right is the
//    compare-and-swap Ready -> Claimed on the task's own word, made with the slot's turn.
//  - `head` is a hint. It is only moved past an entry whose task is no longer Ready with that turn,
//    and anyone may move it, so a consumer that dies between its claim and the move holds up
//    nobody.
//  - A consumer that is late may read a slot that has since been filled again: it then claims the
//    newer task, which is as legal; the head moves past it when it gets there.
//  - A consumer tests head != tail, never "the entry at head is Ready": another one may have
//    claimed it without having moved the head yet.
// Sleep and wake-up (Dekker): publish() stores tail seq_cst before the master loads `sleeping`; a
// worker stores `sleeping` seq_cst before has_entries() loads tail seq_cst.
// The model in tests/model/task_ring.pml names the steps in capitals as they stand below.
#pragma once

#include <atomic>
#include <cstdint>

#include "common/task.h"

namespace pgring {

constexpr uint32_t kLaneCapacity = 1024;  // entries; a power of two

struct TaskRing {
  alignas(64) std::atomic<uint64_t> tail;  // only the master writes
  alignas(64) std::atomic<uint64_t> head;  // helped forward by everyone
  alignas(64) std::atomic<uint64_t> slots[kLaneCapacity];
};

enum class PublishResult : uint8_t { kPublished, kFull };

// Master: makes `task` (Free) Ready on `ring`. kFull leaves everything as it was.
PublishResult publish(TaskRing& ring, Task* tasks, uint32_t task);

// Master: Ready -> Free. False where a worker was faster.
bool withdraw(Task& task);

// Master: Claimed or Sent -> Free.
void finish(Task& task);

// A set of kinds of traffic.
constexpr uint8_t traffic_bit(TaskTraffic traffic) {
  return static_cast<uint8_t>(1u << static_cast<unsigned>(traffic));
}
constexpr uint8_t kAnyTraffic = 7;

// Worker: the oldest Ready task of the ring, now Claimed by `worker`; kNoTask where there is none,
// or where its traffic is not among `traffics`: it keeps its place then.
uint32_t claim(TaskRing& ring, Task* tasks, uint8_t worker, uint8_t traffics = kAnyTraffic);

// Worker: Claimed -> Sent, by the owner only.
void mark_sent(Task& task);

bool has_entries(const TaskRing& ring);
// Task::ready_at of the entry at the head, a hint; 0 where there is none.
int64_t oldest_ready_at(const TaskRing& ring, Task* tasks);
// Entries between head and tail, withdrawn ones included.
uint32_t depth(const TaskRing& ring);

}  // namespace pgring
