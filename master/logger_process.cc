// The logger process's life.
#include "master/logger_process.h"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <exception>

#include "common/log.h"
#include "master/logger.h"

namespace pgring {
namespace {

// The bell is rung for errors and full slots only; other records cost their writers no system call
// and wait so long at most. It is also the bound for a signal's or a lost bell's effect.
constexpr int kNapMs = 100;
constexpr std::array kAwaited = {SIGHUP, SIGTERM, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGXFSZ};
constexpr int64_t kMillisecond = 1000;
// The processes that see the master's end may have something left to say.
constexpr int64_t kFarewellUs = 200 * kMillisecond;
constexpr int64_t kHandOverUs = 1000 * kMillisecond;
constexpr int64_t kDrainUs = 5000 * kMillisecond;

int64_t now_us() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(now).count();
}

class LoggerProcess {
 public:
  LoggerProcess(const LogConfig& config, const LogRing& ring, int liveness,
                const Doorbell& doorbell)
      : signals_(block_signals()),
        logger_(config, ring),
        liveness_(liveness),
        doorbell_(doorbell),
        parent_(::getppid()) {}

  void run();

 private:
  enum class Phase : uint8_t { kServing, kHandingOver, kMasterGone };

  static sigset_t block_signals();
  void take_signals();
  void nap(int timeout_ms);
  bool leaves(Logger::Drained drained, int64_t now);
  void begin(Phase phase);

  const sigset_t signals_;  // first: a signal must not find the default action in place
  Logger logger_;
  int liveness_;
  const Doorbell& doorbell_;
  pid_t parent_;
  Phase phase_ = Phase::kServing;
  int64_t phase_began_us_ = 0;
};

// Blocked and asked for between batches: no handler, no interrupted write.
sigset_t LoggerProcess::block_signals() {
  sigset_t signals;
  ::signal(SIGPIPE, SIG_IGN);
  ::sigemptyset(&signals);
  for (const int number : kAwaited) ::sigaddset(&signals, number);
  ::sigprocmask(SIG_SETMASK, &signals, nullptr);
  // An ignored signal would not stay pending.
  for (const int number : kAwaited) ::signal(number, SIG_DFL);
  return signals;
}

void LoggerProcess::take_signals() {
  const timespec at_once{};
  siginfo_t info{};
  for (;;) {
    const int number = ::sigtimedwait(&signals_, &info, &at_once);
    if (number < 0) return;
    if (number == SIGHUP) logger_.reopen(now_us());
    if (number == SIGTERM && info.si_pid == parent_) begin(Phase::kHandingOver);
  }
}

void LoggerProcess::begin(Phase phase) {
  if (phase_ != Phase::kServing) return;
  phase_ = phase;
  phase_began_us_ = now_us();
}

void LoggerProcess::nap(int timeout_ms) {
  std::array<pollfd, 2> entries{};
  entries[0] = {doorbell_.fd(), POLLIN, 0};
  entries[1] = {phase_ == Phase::kServing ? liveness_ : -1, POLLIN, 0};
  if (::poll(entries.data(), entries.size(), timeout_ms) <= 0) return;
  if (entries[0].revents != 0) doorbell_.clear();
  if (entries[1].revents != 0) {
    char byte;
    if (::read(liveness_, &byte, 1) == 0) begin(Phase::kMasterGone);
  }
}

bool LoggerProcess::leaves(Logger::Drained drained, int64_t now) {
  const int64_t spent = now - phase_began_us_;
  const bool empty = drained == Logger::Drained::kNothing;
  switch (phase_) {
    case Phase::kServing:
      return false;
    case Phase::kHandingOver:
      return empty || spent > kHandOverUs;
    case Phase::kMasterGone:
      return (empty && spent > kFarewellUs) || spent > kDrainUs;
  }
  return true;
}

void LoggerProcess::run() {
  for (;;) {
    take_signals();
    const int64_t now = now_us();
    const Logger::Drained drained = logger_.drain(now);
    if (leaves(drained, now)) return;
    const bool more_work = phase_ == Phase::kServing && logger_.work(now);
    const bool busy = more_work || drained == Logger::Drained::kMoreWaits;
    nap(busy ? 0 : kNapMs);
  }
}

}  // namespace

int run_logger(const LogConfig& config, const LogRing& ring, int liveness,
               const Doorbell& doorbell) {
  try {
    LoggerProcess(config, ring, liveness, doorbell).run();
    return 0;
  } catch (const std::exception& error) {
    log_to_stderr({LogProcessKind::kLogger, 0});
    log_fatal("logger: {}", error.what());
    return 1;
  }
}

}  // namespace pgring
