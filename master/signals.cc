// The self-pipe.
#include "master/signals.h"

#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace pgring {
namespace {

constexpr int kSignals[] = {SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2, SIGCHLD};
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
  for (const int number : kSignals) handle(number, on_signal);
  handle(SIGPIPE, SIG_IGN);
}

int Signals::next() {
  char byte = 0;
  return ::read(fd(), &byte, 1) == 1 ? byte : 0;
}

void Signals::restore_defaults() {
  for (const int number : kSignals) handle(number, SIG_DFL);
}

}  // namespace pgring
