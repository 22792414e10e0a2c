// What signals ask of the master, and its end.
#include <sys/wait.h>

#include <algorithm>

#include "common/log.h"
#include "master/master.h"

namespace pgring {

void Master::handle_signals() {
  while (const std::optional<SignalAction> action = signals_.next()) {
    switch (*action) {
      case SignalAction::kReap:
        reap();
        break;
      case SignalAction::kReload:
        reload();
        break;
      case SignalAction::kStopForClients:
        stop(stopping_ == Stopping::kNo ? Stopping::kWaitForClients : Stopping::kNow);
        break;
      case SignalAction::kStopForServers:
        stop(stopping_ == Stopping::kNo ? Stopping::kWaitForServers : Stopping::kNow);
        break;
      case SignalAction::kStopNow:
        stop(Stopping::kNow);
        break;
      case SignalAction::kPause:
        on_pause_signal(true);
        break;
      case SignalAction::kResume:
        on_pause_signal(false);
        break;
    }
  }
}

void Master::reap() {
  int status = 0;
  for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
    if (logger_.on_exit(pid, status) || status_.on_exit(pid, status)) continue;
    supervisor_.on_exit(pid, status);
  }
}

void Master::on_pause_signal(bool paused) {
  if (stopping_ == Stopping::kNo) return pause_all(paused);
  log_warning("{} is not heard any more: pgring is shutting down", paused ? "PAUSE" : "RESUME");
}

void Master::pause_all(bool paused) {
  log_info("{}", paused ? "PAUSE: no new query is started" : "RESUME");
  context_.pools.set_paused("", paused);
  dispatcher_.alert_all();
}

void Master::stop(Stopping how) {
  if (how == stopping_) return;
  stopping_ = how;
  switch (how) {
    case Stopping::kNo:
      return;
    case Stopping::kWaitForClients:
      log_info("stopping: waiting for {} clients to leave", frontend_.count());
      manager_.stopping("stopping: waiting for clients to leave");
      break;
    case Stopping::kWaitForServers:
      log_info("stopping: waiting for running transactions to end");
      manager_.stopping("stopping: waiting for running transactions to end");
      pause_all(true);
      break;
    case Stopping::kNow:
      log_info("stopping at once");
      manager_.stopping("stopping at once");
      break;
  }
  for (const Fd& socket : listeners_.sockets()) context_.poller->remove(socket.get());
  listeners_.close();
  frontend_.login().shut("pgring is shutting down");
}

bool Master::may_leave() {
  const auto& clients = frontend_.all();
  switch (stopping_) {
    case Stopping::kNo:
      return false;
    case Stopping::kNow:
      return true;
    case Stopping::kWaitForClients:
      // The console's clients are not waited for: they watch the end.
      return std::none_of(clients.begin(), clients.end(),
                          [](const auto& client) { return client->fd && !client->console; });
    case Stopping::kWaitForServers:
      return std::none_of(clients.begin(), clients.end(), [&](const auto& client) {
        if (client->state == ClientState::kFree) return false;
        if (client->worker != 0) return client->status != 'I' || client->published;
        if (!client->published) return false;
        const Task& task = context_.tasks[client->task];
        return TaskWord::unpack(task.word.load()).worker != 0;
      });
  }
  return true;
}

// Clients are told, workers close their connections, and nothing is left running.
void Master::farewell() {
  for (std::size_t i = 0; i < frontend_.all().size(); ++i) {
    Client& client = *frontend_.all()[i];
    frontend_.fail(client, {.severity = "FATAL",
                            .sqlstate = "57P01",
                            .message = "terminating connection: pgring is shutting down"});
  }
  supervisor_.stop_all(2);
  supervisor_.wait_all(3'000'000);
  status_.finish();
  log_info("stopped");
  logger_.finish();
}

}  // namespace pgring
