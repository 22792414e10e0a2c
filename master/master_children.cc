// The first steps of the master's children: they let go of what is the master's and say who they
// are.
#include <fmt/format.h>

#include "master/master.h"
#include "master/status_process.h"

namespace pgring {

// Runs in a child that has just been forked: what is the master's is closed here, and only here.
void Master::become_child() {
  logger_.abandon();
  listeners_.abandon();
  for (auto& client : frontend_.all()) {
    client->fd.reset();
    client->output.clear(context_.output);
  }
  context_.output.abandon();
  frontend_.lingering().abandon();
  supervisor_.abandon();
  status_.abandon();
  context_.poller.reset();
}

void Master::become_worker(uint8_t number) {
  Signals::leave_to_master();
  become_child();
  logger_.attach({LogProcessKind::kWorker, number});
  title_.set(fmt::format("worker {}", number));
}

int Master::become_status(Listeners listeners, int liveness) {
  Signals::leave_to_master();
  become_child();
  logger_.attach({LogProcessKind::kStatus, 0});
  title_.set("status");
  return run_status({region_, context_.state, listeners.release(), liveness,
                     [this] { return logger_.dropped(); }});
}

}  // namespace pgring
