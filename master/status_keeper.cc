// The status process's life, as the master sees it.
#include "master/status_keeper.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstring>
#include <exception>
#include <stdexcept>
#include <system_error>
#include <thread>

#include "common/clock.h"
#include "common/listen_address.h"
#include "common/log.h"
#include "master/signals.h"

namespace pgring {
namespace {

// One that lived this long died by accident; sooner, something is wrong, and the delay grows.
constexpr int64_t kLongLife = 30'000'000;
constexpr int64_t kFirstDelay = 100'000;
constexpr int64_t kLongestDelay = 10'000'000;
// How long one that is to leave may take.
constexpr int64_t kPatience = 1'000'000;
constexpr int kBacklog = 128;

bool same_port(const std::string& a, const std::string& b) {
  const auto first = parse_listen_address(a);
  const auto second = parse_listen_address(b);
  return first && second && first->port == second->port;
}

void log_death(pid_t pid, int status) {
  if (WIFSIGNALED(status)) {
    log_error("the status process (pid {}) was killed by signal {} ({}); it is started again", pid,
              WTERMSIG(status), strsignal(WTERMSIG(status)));
  } else {
    log_error("the status process (pid {}) exited with status {}; it is started again", pid,
              WEXITSTATUS(status));
  }
}

}  // namespace

Listeners listen_for_metrics(const std::string& metrics_listen) {
  const auto address = parse_listen_address(metrics_listen);
  if (!address) throw std::runtime_error("metrics_listen: not an address and port");
  Settings settings;
  settings.listen_addr = {address->host};
  settings.listen_port = address->port;
  settings.listen_backlog = kBacklog;
  try {
    return Listeners(settings);
  } catch (const AddressInUse& error) {
    throw AddressInUse(std::string("metrics_listen: ") + error.what());
  } catch (const std::runtime_error& error) {
    throw std::runtime_error(std::string("metrics_listen: ") + error.what());
  }
}

void StatusKeeper::start() {
  if (listeners_) spawn();
}

void StatusKeeper::spawn() {
  start_at_ = 0;
  asked_at_ = 0;
  try {
    Pipe alive = make_pipe(PipeMode::kNonBlocking);
    started_at_ = monotonic_us();
    pid_ = Signals::fork_child();
    if (pid_ < 0) {
      pid_ = 0;
      throw std::system_error(errno, std::system_category(), "fork");
    }
    if (pid_ == 0) become_process(std::move(alive));
    alive_ = std::move(alive.write);
  } catch (const std::system_error& error) {
    log_error("cannot start the status process: {}; trying again", error.what());
    return plan_restart();
  }
  log_info("the status process started with pid {}; it listens on {}", pid_, address_);
}

// Nothing may leave this function: the master's code lies behind it.
void StatusKeeper::become_process(Pipe alive) noexcept {
  alive.write.reset();
  Listeners mine(std::move(*listeners_));
  _exit(run_(std::move(mine), alive.read.get()));
}

void StatusKeeper::plan_restart() {
  const int64_t now = monotonic_us();
  const bool lived_long = now - started_at_ > kLongLife;
  delay_ = lived_long ? kFirstDelay : std::clamp(delay_ * 2, kFirstDelay, kLongestDelay);
  start_at_ = now + delay_;
}

void StatusKeeper::ask_to_leave() {
  alive_.reset();
  asked_at_ = monotonic_us();
}

// The same port on more or fewer addresses: the present process itself may be in the way.
Listeners StatusKeeper::bind_beside_own(const std::string& metrics_listen) {
  try {
    return listen_for_metrics(metrics_listen);
  } catch (const AddressInUse&) {
    if (!same_port(metrics_listen, address_)) throw;
  }
  end_now();
  return listen_for_metrics(metrics_listen);
}

// After a failed move for which the present process had to go.
void StatusKeeper::return_to(const std::string& metrics_listen) {
  try {
    listeners_.emplace(listen_for_metrics(metrics_listen));
    spawn();
  } catch (const std::runtime_error& error) {
    log_error("{}; there is no status process until the next reload", error.what());
    address_.clear();
  }
}

std::optional<std::string> StatusKeeper::move_to(const std::string& metrics_listen) {
  if (metrics_listen == address_) return std::nullopt;
  std::optional<Listeners> bound;
  try {
    if (!metrics_listen.empty()) bound.emplace(bind_beside_own(metrics_listen));
  } catch (const std::runtime_error& error) {
    if (!listeners_ && !address_.empty()) return_to(address_);
    return error.what();
  }
  address_ = metrics_listen;
  listeners_.reset();
  if (bound) listeners_.emplace(std::move(*bound));
  start_at_ = 0;
  delay_ = 0;
  if (pid_ != 0) {
    ask_to_leave();  // its successor is started once it has been reaped
  } else if (listeners_) {
    spawn();
  }
  return std::nullopt;
}

bool StatusKeeper::on_exit(pid_t pid, int status) {
  if (pid != pid_) return false;
  pid_ = 0;
  alive_.reset();
  if (asked_at_ != 0) {
    asked_at_ = 0;
    if (listeners_) spawn();
    return true;
  }
  log_death(pid, status);
  ++restarts_;
  plan_restart();
  return true;
}

void StatusKeeper::tick() {
  const int64_t now = monotonic_us();
  if (start_at_ != 0 && now >= start_at_) spawn();
  if (asked_at_ != 0 && pid_ != 0 && now - asked_at_ > kPatience) kill(pid_, SIGKILL);
}

void StatusKeeper::finish() {
  listeners_.reset();
  start_at_ = 0;
  if (pid_ == 0) return;
  ask_to_leave();
  while (waitpid(pid_, nullptr, WNOHANG) == 0) {
    if (monotonic_us() - asked_at_ > kPatience) kill(pid_, SIGKILL);
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  pid_ = 0;
}

// It holds nothing and waits for no disk, so that SIGKILL ends it within a millisecond or two.
void StatusKeeper::end_now() {
  listeners_.reset();
  alive_.reset();
  start_at_ = 0;
  asked_at_ = 0;
  if (pid_ == 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = 0;
}

void StatusKeeper::abandon() {
  if (listeners_) listeners_->abandon();
  listeners_.reset();
  alive_.reset();
}

}  // namespace pgring
