// Signals become bytes on a pipe: the handler writes the signal's number, the event loop acts on
// it.
#pragma once

#include <sys/types.h>

#include <array>
#include <csignal>
#include <cstdint>
#include <optional>
#include <string_view>

#include "common/platform.h"

namespace pgring {

enum class SignalAction : uint8_t {
  kReap,            // a child has ended
  kReload,          // read the configuration again
  kStopForClients,  // wait for clients; at once where pgring is stopping already
  kStopForServers,  // wait for running transactions; the same
  kStopNow,
  kPause,
  kResume,
};

struct SignalRow {
  int number;
  std::string_view name;
  SignalAction action;
};

// What pgringd(8) documents, but for SIGCHLD, which is between the master and its children.
inline constexpr auto kSignals = std::to_array<SignalRow>({
    {SIGCHLD, "SIGCHLD", SignalAction::kReap},
    {SIGHUP, "SIGHUP", SignalAction::kReload},
    {SIGTERM, "SIGTERM", SignalAction::kStopForClients},
    {SIGINT, "SIGINT", SignalAction::kStopForServers},
    {SIGQUIT, "SIGQUIT", SignalAction::kStopNow},
    {SIGUSR1, "SIGUSR1", SignalAction::kPause},
    {SIGUSR2, "SIGUSR2", SignalAction::kResume},
});
static_assert(kSignals.size() == 7, "is pgringd(8) up to date?");

class Signals {
 public:
  // Takes those of the table; ignores SIGPIPE.
  Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  int fd() const { return pipe_.read.get(); }
  // What the next signal that has come asks for.
  std::optional<SignalAction> next();
  // fork() for the master's children. The child gets all signals blocked and none of the handlers:
  // a signal meant for a child that has hardly begun must not reach the pipe, which is the master's.
  static pid_t fork_child();
  // In such a child, lets signals in again: a terminal's Ctrl-C and a service manager's SIGTERM may reach every process,
  // but what follows from them is the master's business, whose end the children notice.
  static void leave_to_master();

 private:
  Pipe pipe_;
};

}  // namespace pgring
