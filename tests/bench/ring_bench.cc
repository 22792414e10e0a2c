// Tasks per second through a lane, by the number of tasks the master publishes at once and by the
// number of workers that claim them. A task's way: publish, claim, mark_sent, finish. Nobody
// sleeps, so that the ring alone is measured; with 0 workers one process does everything.
#include <atomic>

#include "common/shared_region.h"
#include "common/task_ring.h"
#include "tests/bench/micro.h"

namespace pgring::bench {
namespace {

constexpr double kSeconds = 0.3;

struct Shared {
  TaskRing ring;
  std::atomic<bool> stop;
  Task tasks[kLaneCapacity];
};

void work_until_stopped(Shared& shared, uint8_t worker) {
  Backoff backoff;
  while (!shared.stop.load(std::memory_order_relaxed)) {
    const uint32_t number = claim(shared.ring, shared.tasks, worker);
    if (number == kNoTask) {
      backoff.wait();
      continue;
    }
    mark_sent(shared.tasks[number]);
    backoff.reset();
  }
}

void work_once(Shared& shared, uint32_t batch) {
  for (uint32_t done = 0; done < batch; ++done) {
    mark_sent(shared.tasks[claim(shared.ring, shared.tasks, 1)]);
  }
}

void publish_batch(Shared& shared, uint32_t batch) {
  for (uint32_t number = 0; number < batch; ++number) {
    if (publish(shared.ring, shared.tasks, number) != PublishResult::kPublished) {
      std::fprintf(stderr, "the ring is full with %u tasks\n", number);
      std::exit(1);
    }
  }
}

void finish_batch(Shared& shared, uint32_t batch) {
  Backoff backoff;
  for (uint32_t number = 0; number < batch; ++number) {
    Task& task = shared.tasks[number];
    while (TaskWord::unpack(task.word.load(std::memory_order_acquire)).state != TaskState::kSent) {
      backoff.wait();
    }
    finish(task);
  }
}

double tasks_per_second(uint32_t batch, uint8_t workers) {
  // Zeroed memory is an empty ring of free tasks.
  const SharedRegion region(sizeof(Shared));
  Shared& shared = *reinterpret_cast<Shared*>(region.data());
  std::vector<pid_t> children;
  for (uint8_t worker = 1; worker <= workers; ++worker) {
    children.push_back(fork_child([&shared, worker] { work_until_stopped(shared, worker); }));
  }
  uint64_t tasks = 0;
  const Clock::time_point start = Clock::now();
  double elapsed = 0;
  while ((elapsed = seconds_since(start)) < kSeconds) {
    // Several batches for each look at the clock, which costs as much as a task.
    for (uint32_t some = 0; some < 256; some += batch, tasks += batch) {
      publish_batch(shared, batch);
      if (workers == 0) work_once(shared, batch);
      finish_batch(shared, batch);
    }
  }
  shared.stop.store(true);
  for (const pid_t child : children) wait_child(child);
  return static_cast<double>(tasks) / elapsed;
}

}  // namespace
}  // namespace pgring::bench

int main() {
  for (const uint8_t workers : {uint8_t{0}, uint8_t{1}, uint8_t{2}, uint8_t{4}}) {
    for (const uint32_t batch : {1u, 4u, 16u, 64u, 256u}) {
      pgring::bench::report(
          "ring, " + std::to_string(workers) + " workers, batches of " + std::to_string(batch),
          pgring::bench::tasks_per_second(batch, workers), "tasks/s");
    }
  }
}
