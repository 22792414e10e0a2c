// The master process: builds the parts, then serves clients in one event loop.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/doorbell.h"
#include "common/process_title.h"
#include "common/settings.h"
#include "common/shared_region.h"
#include "master/admin_console.h"
#include "master/context.h"
#include "master/dispatcher.h"
#include "master/frontend.h"
#include "master/listener.h"
#include "master/logger_keeper.h"
#include "master/replies.h"
#include "master/signals.h"
#include "master/supervisor.h"
#include "master/timeouts.h"

namespace pgring {

class Master {
 public:
  // Makes the shared mapping and starts the workers. Throws where the system refuses something.
  Master(Settings settings, Listeners listeners, const ProcessTitle& title);

  // Serves until told to stop by a signal. Returns the exit status.
  int run();

 private:
  enum class Stopping : uint8_t { kNo, kWaitForClients, kWaitForServers, kNow };

  void handle(const PollEvent& event);
  void handle_signals();
  void tick();
  void serve_held_up();
  void stop(Stopping how);
  bool may_leave();
  // Both leave everything as it was where they return an error.
  std::optional<AdminError> reload();
  std::optional<AdminError> set_setting(const std::string& name, const std::string& value);
  void apply(Settings&& settings);
  void connect_console();
  void pause_all(bool paused);
  // Clients wait in the listeners' backlogs meanwhile.
  void pause_accepting(bool paused);
  void reap();
  void farewell();
  void become_child();
  void become_worker(uint8_t number);

  const ProcessTitle& title_;
  LoggerKeeper logger_;
  SharedRegion region_;
  Context context_;
  std::vector<Doorbell> doorbells_;
  Listeners listeners_;
  Signals signals_;
  Dispatcher dispatcher_;
  Frontend frontend_;
  Replies replies_;
  Timeouts timeouts_;
  StatsHistory stats_;
  AdminConsole console_;
  Supervisor supervisor_;
  Stopping stopping_ = Stopping::kNo;
  int64_t next_tick_ = 0;
  bool accepting_paused_ = false;
  int64_t next_complaint_ = 0;  // about the want of descriptors
};

}  // namespace pgring
