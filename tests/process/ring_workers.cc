// Consuming, dying and reclaiming; see the header.
#include "tests/process/ring_workers.h"

#include <doctest/doctest.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/platform.h"

namespace pgring {

RingWorkers::RingWorkers(uint32_t workers, uint32_t publications)
    : region_(SharedState::bytes_needed(kTasks, 1)),
      fates_region_(sizeof(Fate) * publications),
      state_(SharedState::create(region_.data(), kTasks, 1, workers)),
      fates_(reinterpret_cast<Fate*>(fates_region_.data())),
      processes_(workers + 1) {
  for (uint32_t worker = 0; worker <= workers; ++worker) doorbells_.push_back(Doorbell::create());
  for (uint32_t task = 0; task < kTasks; ++task) free_.push_back(task);
  for (uint32_t worker = 1; worker <= workers; ++worker) start(static_cast<uint8_t>(worker));
}

RingWorkers::~RingWorkers() {
  for (const Process& process : processes_) {
    if (process.pid == 0) continue;
    ::kill(process.pid, SIGKILL);
    ::waitpid(process.pid, nullptr, 0);
  }
}

void RingWorkers::start(uint8_t worker) {
  Pipe pipe = make_pipe(PipeMode::kNonBlocking);
  state_.workers[worker].sleeping = 0;
  const pid_t pid = ::fork();
  REQUIRE(pid >= 0);
  if (pid == 0) {
    pipe.read.reset();
    consume(worker, std::move(pipe.write));
  }
  processes_[worker] = {pid, std::make_unique<ReplyPipe>(std::move(pipe.read))};
}

void RingWorkers::consume(uint8_t worker, Fd replies) {
  Lane& lane = state_.lanes[0];
  std::mt19937 random(static_cast<uint32_t>(::getpid()));
  // Where few processors are, a process is mostly killed where it has left the processor.
  const auto step_aside = [&] {
    if (random() % 4 == 0) ::sched_yield();
  };
  for (;;) {
    uint32_t task = claim(lane.front, state_.tasks, worker);
    if (task == kNoTask) task = claim(lane.ring, state_.tasks, worker);
    if (task == kNoTask) {
      sleep(worker);
      continue;
    }
    step_aside();
    mark_sent(state_.tasks[task]);
    step_aside();
    fates_[state_.tasks[task].parameter_serial].runs.fetch_add(1);
    step_aside();
    FrameHeader end{};
    end.kind = FrameKind::kEnd;
    end.task = task;
    end.turn = TaskWord::unpack(state_.tasks[task].word.load()).turn;
    while (::write(replies.get(), &end, sizeof end) != sizeof end) {
      pollfd writable{replies.get(), POLLOUT, 0};
      if (::poll(&writable, 1, -1) < 0) ::_exit(1);
    }
  }
}

// A wake-up that is lost stops this worker for longer than the test waits.
void RingWorkers::sleep(uint8_t worker) {
  WorkerSlot& slot = state_.workers[worker];
  const Lane& lane = state_.lanes[0];
  slot.sleeping.store(1, std::memory_order_seq_cst);
  if (!has_entries(lane.front) && !has_entries(lane.ring)) {
    pollfd bell{doorbells_[worker].fd(), POLLIN, 0};
    if (::poll(&bell, 1, -1) < 0) ::_exit(1);
    doorbells_[worker].clear();
  }
  slot.sleeping.store(0, std::memory_order_seq_cst);
}

// As the dispatcher: only where nobody is awake.
void RingWorkers::wake() {
  uint32_t sleeper = 0;
  for (uint32_t worker = 1; worker < processes_.size(); ++worker) {
    if (state_.workers[worker].sleeping.load(std::memory_order_seq_cst) == 0) return;
    sleeper = worker;
  }
  doorbells_[sleeper].ring();
}

bool RingWorkers::publish_one() {
  if (free_.empty()) return false;
  const uint32_t task = free_.back();
  free_.pop_back();
  state_.tasks[task].parameter_serial = published_++;
  ++open_;
  REQUIRE(publish(state_.lanes[0].ring, state_.tasks, task) == PublishResult::kPublished);
  wake();
  return true;
}

void RingWorkers::close_task(uint32_t task) {
  free_.push_back(task);
  --open_;
}

void RingWorkers::withdraw_some() {
  for (uint32_t task = 0; task < kTasks; ++task) {
    if (random_() % 16 != 0 || !withdraw(state_.tasks[task])) continue;
    ++fates_[state_.tasks[task].parameter_serial].withdrawn;
    close_task(task);
  }
}

void RingWorkers::on_frame(uint8_t worker, const FrameHeader& header) {
  Task& task = state_.tasks[header.task];
  const TaskWord word = TaskWord::unpack(task.word.load(std::memory_order_acquire));
  REQUIRE(word.turn == header.turn);
  REQUIRE(word.worker == worker);
  finish(task);
  ++fates_[task.parameter_serial].answered;
  close_task(header.task);
}

void RingWorkers::read_frames() {
  for (uint32_t worker = 1; worker < processes_.size(); ++worker) {
    Frames frames(*this, static_cast<uint8_t>(worker));
    processes_[worker].pipe->read(frames);
  }
}

void RingWorkers::kill_one() {
  const auto worker = static_cast<uint8_t>(1 + random_() % (processes_.size() - 1));
  Process& process = processes_[worker];
  REQUIRE(::kill(process.pid, SIGKILL) == 0);
  REQUIRE(::waitpid(process.pid, nullptr, 0) == process.pid);
  Frames frames(*this, worker);
  process.pipe->drain(frames);
  reclaim(worker);
  start(worker);
  wake();  // it may have been the one awake on whom the others relied
}

void RingWorkers::reclaim(uint8_t dead) {
  for (uint32_t number = 0; number < kTasks; ++number) {
    Task& task = state_.tasks[number];
    const TaskWord word = TaskWord::unpack(task.word.load(std::memory_order_acquire));
    if (word.worker != dead) continue;
    finish(task);
    Fate& fate = fates_[task.parameter_serial];
    if (word.state == TaskState::kClaimed) {
      ++fate.again;
      REQUIRE(publish(state_.lanes[0].front, state_.tasks, number) == PublishResult::kPublished);
    } else {
      ++fate.reported;
      close_task(number);
    }
  }
}

}  // namespace pgring
