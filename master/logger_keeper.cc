// The logger process's life, as the master sees it.
#include "master/logger_keeper.h"

#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstring>
#include <exception>
#include <thread>

#include "common/clock.h"
#include "common/shared_state.h"
#include "master/logger_process.h"
#include "master/signals.h"

namespace pgring {
namespace {

constexpr std::size_t kSlotBytes = 64 * 1024;
// The master, the workers, the status process, the logger itself.
constexpr unsigned kSlots = kMaxWorkers + 3;
constexpr int64_t kRestartDelay = 1'000'000;
// A logger that is to be replaced or to end gets this long for what it has begun.
constexpr int64_t kPatience = 5'000'000;

LogRing make_ring(const SharedRegion& region) {
  auto* memory = reinterpret_cast<std::byte*>(region.data());
  return LogRing::create({memory, region.size()}, kSlots, kSlotBytes);
}

}  // namespace

LoggerKeeper::LoggerKeeper(LogConfig config, std::function<void()> become_child)
    : config_(std::move(config)),
      become_child_(std::move(become_child)),
      region_(LogRing::bytes_needed(kSlots, kSlotBytes)),
      ring_(make_ring(region_)),
      bell_(Doorbell::create()),
      alive_(make_pipe(PipeMode::kNonBlocking)) {}

unsigned LoggerKeeper::slot_of(LogProcess process) {
  switch (process.kind) {
    case LogProcessKind::kMaster:
      return 0;
    case LogProcessKind::kWorker:
      return process.number;
    case LogProcessKind::kStatus:
      return kMaxWorkers + 1;
    case LogProcessKind::kLogger:
    case LogProcessKind::kTool:
      break;
  }
  return kMaxWorkers + 2;
}

void LoggerKeeper::attach(LogProcess process) {
  log_to_ring(ring_, slot_of(process), process, &bell_);
}

void LoggerKeeper::start() {
  start_at_ = 0;
  replaced_at_ = 0;
  pid_ = Signals::fork_child();
  if (pid_ > 0) return;
  if (pid_ < 0) {
    pid_ = 0;
    start_at_ = monotonic_us() + kRestartDelay;
    return;
  }
  int status = 1;
  try {
    become_child_();
    status = run_logger(config_, ring_, alive_.read.get(), bell_);
  } catch (const std::exception& error) {
    log_to_stderr({LogProcessKind::kLogger, 0});
    log_error("the logger ends: {}", error.what());
  }
  _exit(status);
}

void LoggerKeeper::reload(const LogConfig& config) {
  if (config == config_) {
    if (pid_ != 0) kill(pid_, SIGHUP);
    return;
  }
  config_ = config;
  if (pid_ == 0) return;
  replaced_at_ = monotonic_us();
  kill(pid_, SIGTERM);  // its successor is started once it has been reaped
}

bool LoggerKeeper::on_exit(pid_t pid, int status) {
  if (pid != pid_) return false;
  pid_ = 0;
  if (finishing_) return true;
  if (replaced_at_ != 0) {
    start();
    return true;
  }
  ++restarts_;
  start_at_ = monotonic_us() + kRestartDelay;
  if (WIFSIGNALED(status)) {
    log_error("the logger was killed by signal {} ({}); its records wait for the next one",
              WTERMSIG(status), strsignal(WTERMSIG(status)));
  } else {
    log_error("the logger exited with status {}; its records wait for the next one",
              WEXITSTATUS(status));
  }
  return true;
}

void LoggerKeeper::tick() {
  if (start_at_ != 0 && monotonic_us() >= start_at_) start();
  // One that hangs in a write to a dead disk does not hear SIGTERM.
  if (replaced_at_ != 0 && pid_ != 0 && monotonic_us() - replaced_at_ > kPatience) {
    kill(pid_, SIGKILL);
  }
}

void LoggerKeeper::finish() {
  finishing_ = true;
  alive_.write.reset();
  log_to_stderr({LogProcessKind::kMaster, 0});
  const int64_t deadline = monotonic_us() + kPatience;
  while (pid_ != 0 && waitpid(pid_, nullptr, WNOHANG) == 0) {
    if (monotonic_us() > deadline) kill(pid_, SIGKILL);
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  pid_ = 0;
}

}  // namespace pgring
