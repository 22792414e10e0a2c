// A consumer is single-stepped through taking two tasks and killed at every instruction. On x86-64
// Linux only: elsewhere compare-and-swap may be a loop that never ends when it is single-stepped.
// Sanitizers put thousands of instructions of their own in between.
#if defined(__linux__) && defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__)

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>

#include "common/shared_region.h"
#include "common/shared_state.h"

namespace pgring {
namespace {

constexpr uint8_t kVictim = 1;
constexpr uint8_t kSurvivor = 2;
constexpr uint32_t kTwo = 2;

struct Damage {
  uint32_t kill_points = 0;
  uint32_t lost = 0;   // nobody's, and nobody will find it
  uint32_t stuck = 0;  // still on the ring, and cannot be taken
};

struct Region {
  SharedRegion memory{SharedState::bytes_needed(kTwo, 1)};
  SharedState state = SharedState::create(memory.data(), kTwo, 1, kSurvivor);
  TaskRing& ring = state.lanes[0].ring;
  SharedRegion flag{sizeof(std::atomic<bool>)};
  std::atomic<bool>& through = *reinterpret_cast<std::atomic<bool>*>(flag.data());
};

using Take = uint32_t (*)(TaskRing& ring, Task* tasks, uint8_t worker);

uint32_t take_by_claim(TaskRing& ring, Task* tasks, uint8_t worker) {
  return claim(ring, tasks, worker);
}

// What must not be done: the head is moved first, the owner's name is stored afterwards.
uint32_t take_then_sign(TaskRing& ring, Task* tasks, uint8_t worker) {
  uint64_t at = ring.head.load();
  do {
    if (at == ring.tail.load()) return kNoTask;
  } while (!ring.head.compare_exchange_strong(at, at + 1));
  const auto number = static_cast<uint32_t>(ring.slots[at % kLaneCapacity].load());
  const uint32_t turn = TaskWord::unpack(tasks[number].word.load()).turn;
  tasks[number].word.store(TaskWord{turn, TaskState::kClaimed, worker}.pack());
  return number;
}

[[noreturn]] void be_victim(Region& region, Take take) {
  if (::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) ::_exit(1);
  asm volatile("int3");  // the stepping begins here
  for (uint32_t i = 0; i < kTwo; ++i) {
    const uint32_t task = take(region.ring, region.state.tasks, kVictim);
    if (task != kNoTask) mark_sent(region.state.tasks[task]);
  }
  region.through = true;
  ::_exit(0);
}

// Kills the victim after `steps` instructions. False if it was through before.
bool kill_after(Region& region, Take take, uint32_t steps) {
  region.through = false;
  const pid_t pid = ::fork();
  REQUIRE(pid >= 0);
  if (pid == 0) be_victim(region, take);
  int status = 0;
  REQUIRE(::waitpid(pid, &status, 0) == pid);
  REQUIRE(WIFSTOPPED(status));
  for (uint32_t step = 0; step < steps; ++step) {
    REQUIRE(::ptrace(PTRACE_SINGLESTEP, pid, nullptr, nullptr) == 0);
    REQUIRE(::waitpid(pid, &status, 0) == pid);
    REQUIRE(WIFSTOPPED(status));
  }
  ::kill(pid, SIGKILL);
  REQUIRE(::waitpid(pid, &status, 0) == pid);
  return !region.through;
}

// Another consumer takes what is to be had, then the master looks for the dead one's name.
void take_stock(Region& region, Take take, Damage& damage) {
  for (uint32_t i = 0; i < kTwo; ++i) take(region.ring, region.state.tasks, kSurvivor);
  if (has_entries(region.ring)) ++damage.stuck;
  for (uint32_t number = 0; number < kTwo; ++number) {
    Task& task = region.state.tasks[number];
    const TaskWord word = TaskWord::unpack(task.word.load());
    if (word.state == TaskState::kReady) {
      ++damage.lost;
      task.word.store(TaskWord{word.turn, TaskState::kFree, 0}.pack());
    } else {
      finish(task);
    }
  }
}

Damage kill_at_every_instruction(Take take) {
  Region region;
  Damage damage;
  for (uint32_t steps = 0;; ++steps) {
    for (uint32_t task = 0; task < kTwo; ++task) {
      REQUIRE(publish(region.ring, region.state.tasks, task) == PublishResult::kPublished);
    }
    const bool killed = kill_after(region, take, steps);
    take_stock(region, take, damage);
    if (!killed) break;
    ++damage.kill_points;
  }
  return damage;
}

TEST_CASE("ring: a consumer killed at any instruction loses nothing and blocks nobody") {
  const Damage damage = kill_at_every_instruction(take_by_claim);
  MESSAGE(damage.kill_points, " kill points");
  CHECK(damage.kill_points > 50);
  CHECK(damage.lost == 0);
  CHECK(damage.stuck == 0);
}

TEST_CASE("ring: killing at every instruction does find an owner that signs too late") {
  CHECK(kill_at_every_instruction(take_then_sign).lost > 0);
}

}  // namespace
}  // namespace pgring

#endif
