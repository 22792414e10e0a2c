// The self-pipe.
#include "master/signals.h"

#include <unistd.h>

#include <cerrno>

namespace pgring {
namespace {

volatile int signal_fd = -1;

void on_signal(int number) {
  const int saved = errno;
  const char byte = static_cast<char>(number);
  // A full pipe means that the loop has enough to wake up for; SIGCHLD is then found by waitpid.
  if (::write(signal_fd, &byte, 1) < 0) errno = saved;
  errno = saved;
}

void handle(int number, void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  sigaction(number, &action, nullptr);
}

}  // namespace

Signals::Signals() : pipe_(make_pipe(PipeMode::kNonBlocking)) {
  signal_fd = pipe_.write.get();
  for (const SignalRow& signal : kSignals) handle(signal.number, on_signal);
  handle(SIGPIPE, SIG_IGN);
}

std::optional<SignalAction> Signals::next() {
  char byte = 0;
  if (::read(fd(), &byte, 1) != 1) return std::nullopt;
  for (const SignalRow& signal : kSignals) {
    if (signal.number == byte) return signal.action;
  }
  return std::nullopt;
}

pid_t Signals::fork_child() {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, &before);
  const pid_t pid = ::fork();
  if (pid == 0) {
    for (const SignalRow& signal : kSignals) handle(signal.number, SIG_DFL);
  } else {
    sigprocmask(SIG_SETMASK, &before, nullptr);
  }
  return pid;
}

void Signals::leave_to_master() {
  for (const SignalRow& signal : kSignals) {
    handle(signal.number, signal.action == SignalAction::kReap ? SIG_DFL : SIG_IGN);
  }
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

}  // namespace pgring
