// Workers come and go.
#include "master/supervisor.h"

#include <sys/wait.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <system_error>
#include <thread>

#include "common/clock.h"
#include "common/log.h"
#include "master/worker_spawn.h"

namespace pgring {
namespace {

constexpr std::size_t kPipeSize = 1024 * 1024;
// A worker that lived this long died by accident; sooner, something is wrong, and the delay grows.
constexpr int64_t kLongLife = 30'000'000;
constexpr int64_t kFirstDelay = 100'000;
constexpr int64_t kLongestDelay = 10'000'000;

// The frames of one worker.
class WorkerFrames final : public FrameSink {
 public:
  WorkerFrames(Replies& replies, uint8_t worker) : replies_(replies), worker_(worker) {}
  void on_frame(const FrameHeader& header, std::string_view payload) override {
    replies_.on_frame(worker_, header, payload);
  }
  static_assert(FrameSink::kPrefetchSteps == Replies::kPrefetchSteps);
  void prefetch(const FrameHeader& header, std::size_t step) override {
    replies_.prefetch(header, step);
  }
  ssize_t move(const FrameHeader& header, int pipe) override {
    return replies_.move(worker_, header, pipe);
  }

 private:
  Replies& replies_;
  uint8_t worker_;
};

}  // namespace

Supervisor::Supervisor(Context& context, std::vector<Doorbell>& doorbells, Replies& replies,
                       std::function<void(uint8_t)> become_child)
    : context_(context),
      doorbells_(doorbells),
      replies_(replies),
      become_child_(std::move(become_child)),
      alive_(make_pipe(PipeMode::kNonBlocking)),
      processes_(kMaxWorkers + 1) {}

void Supervisor::set_count(uint32_t count) {
  uint32_t highest = count;
  for (uint32_t worker = 1; worker <= kMaxWorkers; ++worker) {
    Process& process = processes_[worker];
    process.wanted = worker <= count;
    if (!process.wanted) process.start_at = 0;  // it may have been waiting to be restarted
    if (process.pid != 0) highest = std::max(highest, worker);
    context_.state.workers[worker].stop.store(process.wanted ? 0 : 1);
    if (process.wanted && process.pid == 0 && process.start_at == 0)
      start(static_cast<uint8_t>(worker));
    if (!process.wanted && process.pid != 0) doorbells_[worker].ring();
  }
  context_.state.header->worker_count = highest;
  context_.state.header->workers_wanted = count;
}

void Supervisor::start(uint8_t worker) {
  Process& process = processes_[worker];
  process.start_at = 0;
  WorkerSlot& slot = context_.state.workers[worker];
  slot.sleeping.store(0);
  slot.attention.store(0);
  slot.stop.store(0);
  try {
    Pipe pipe = make_pipe(PipeMode::kNonBlocking);
    set_pipe_size(pipe.write.get(), kPipeSize);
    auto reader = std::make_unique<ReplyPipe>(std::move(pipe.read));
    process.pid = spawn_worker({context_.state, worker, std::move(pipe.write), &doorbells_[worker],
                                alive_.read.get(), [this, worker] { become_child_(worker); }});
    process.pipe = std::move(reader);
  } catch (const std::system_error& error) {
    log_error("cannot start worker {}: {}; trying again", worker, error.what());
    return plan_restart(worker);
  }
  process.started_at = monotonic_us();
  slot.started_at.store(process.started_at);
  slot.pid.store(process.pid);
  context_.poller->add(process.pipe->fd(), make_token(TokenKind::kReplyPipe, worker),
                       Interest::kRead);
  log_info("worker {} started with pid {}", worker, process.pid);
}

void Supervisor::plan_restart(uint8_t worker) {
  Process& process = processes_[worker];
  const int64_t now = monotonic_us();
  const bool lived_long = now - process.started_at > kLongLife;
  process.start_at = now + (lived_long ? 0 : process.delay);
  process.delay = lived_long ? 0 : std::clamp(process.delay * 2, kFirstDelay, kLongestDelay);
}

void Supervisor::on_pipe(uint8_t worker) {
  Process& process = processes_[worker];
  if (!process.pipe) return;
  WorkerFrames frames(replies_, worker);
  const PipeState state = process.pipe->read(frames);
  if (state == PipeState::kOpen || state == PipeState::kEmpty) return;
  if (state == PipeState::kBroken) {
    log_error("worker {} (pid {}) wrote something that is no frame: it is killed", worker,
              process.pid);
    kill(process.pid, SIGKILL);
  }
  // Its end is seen by waitpid(); until then the pipe has nothing more to say.
  context_.poller->remove(process.pipe->fd());
  if (state == PipeState::kBroken) process.pipe.reset();
}

bool Supervisor::on_exit(pid_t pid, int status) {
  for (uint32_t worker = 1; worker <= kMaxWorkers; ++worker) {
    if (processes_[worker].pid != pid) continue;
    bury(static_cast<uint8_t>(worker), status);
    return true;
  }
  return false;
}

void Supervisor::bury(uint8_t worker, int status) {
  Process& process = processes_[worker];
  if (WIFSIGNALED(status)) {
    log_error("worker {} (pid {}) was killed by signal {} ({})", worker, process.pid,
              WTERMSIG(status), strsignal(WTERMSIG(status)));
  } else if (process.wanted && !stopping_ && status != 0) {
    log_error("worker {} (pid {}) exited with status {}", worker, process.pid, WEXITSTATUS(status));
  } else {
    log_info("worker {} (pid {}) has left", worker, process.pid);
  }
  WorkerSlot& slot = context_.state.workers[worker];
  slot.pid.store(0);
  if (process.pipe) {
    context_.poller->remove(process.pipe->fd());
    // What it had already said counts: an answered task must not run again.
    WorkerFrames frames(replies_, worker);
    process.pipe->drain(frames);
    process.pipe.reset();
  }
  process.pid = 0;
  const uint32_t lanes = context_.state.header->lane_count.load();
  for (uint32_t lane = 0; lane < lanes; ++lane) {
    LaneShare& share = context_.state.lanes[lane].shares[worker];
    share.connections.store(0);
    share.idle.store(0);
    share.active.store(0);
    share.logging_in.store(0);
    share.room.store(0);
    share.short_room.store(0);
  }
  replies_.on_worker_death(worker);
  if (!process.wanted || stopping_) return;
  ++restarts_;
  slot.restarts.fetch_add(1);
  plan_restart(worker);
  restart_due();
}

void Supervisor::restart_due() {
  const int64_t now = monotonic_us();
  for (uint32_t worker = 1; worker <= kMaxWorkers; ++worker) {
    const Process& process = processes_[worker];
    if (process.start_at != 0 && process.start_at <= now) start(static_cast<uint8_t>(worker));
  }
}

void Supervisor::stop_all(uint32_t how) {
  stopping_ = true;
  for (uint32_t worker = 1; worker <= kMaxWorkers; ++worker) {
    processes_[worker].start_at = 0;
    context_.state.workers[worker].stop.store(how);
    if (processes_[worker].pid != 0) doorbells_[worker].ring();
  }
}

void Supervisor::wait_all(int64_t timeout_us) {
  const int64_t deadline = monotonic_us() + timeout_us;
  bool killed = false;
  while (running() > 0) {
    for (Process& process : processes_) {
      if (process.pid != 0 && waitpid(process.pid, nullptr, WNOHANG) == process.pid)
        process.pid = 0;
    }
    if (running() == 0) return;
    if (!killed && monotonic_us() > deadline) {
      killed = true;
      for (const Process& process : processes_) {
        if (process.pid != 0) kill(process.pid, SIGKILL);
      }
    }
    // Nothing else is left to be done: the loop has ended, and the workers are few.
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

void Supervisor::abandon() {
  for (Process& process : processes_) process.pipe.reset();
  alive_.write.reset();
}

uint32_t Supervisor::running() const {
  return static_cast<uint32_t>(std::count_if(processes_.begin(), processes_.end(),
                                             [](const Process& p) { return p.pid != 0; }));
}

}  // namespace pgring
