// A signal for a child that has only just been forked is the child's, not its master's.
#include "master/signals.h"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

namespace pgring {
namespace {

constexpr int kHasIt = 7;

// Waits for the signal as the logger does, which has it blocked. An alarm ends a child that got none.
[[noreturn]] void exit_with_signal(int number) {
  sigset_t wanted;
  sigemptyset(&wanted);
  sigaddset(&wanted, number);
  sigaddset(&wanted, SIGALRM);
  alarm(10);
  int got = 0;
  _exit(sigwait(&wanted, &got) == 0 && got == number ? kHasIt : 1);
}

TEST_CASE("a signal sent to a child at once waits there and is not the master's") {
  Signals signals;
  for (const int number : {SIGHUP, SIGTERM}) {
    for (int times = 0; times < 50; ++times) {
      const pid_t child = Signals::fork_child();
      REQUIRE(child >= 0);
      if (child == 0) exit_with_signal(number);
      CHECK(kill(child, number) == 0);
      int status = 0;
      REQUIRE(waitpid(child, &status, 0) == child);
      CHECK(WIFEXITED(status));
      CHECK(WEXITSTATUS(status) == kHasIt);
      while (const auto action = signals.next()) CHECK(*action == SignalAction::kReap);
    }
  }
  Signals::leave_to_master();
}

}  // namespace
}  // namespace pgring
