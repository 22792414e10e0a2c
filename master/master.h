// The master process: builds the parts, then serves clients in one event loop.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/batch_scheduling.h"
#include "common/doorbell.h"
#include "common/process_title.h"
#include "common/settings.h"
#include "common/shared_region.h"
#include "master/admin_console.h"
#include "master/context.h"
#include "master/dispatcher.h"
#include "master/event_wait.h"
#include "master/frontend.h"
#include "master/listener.h"
#include "master/logger_keeper.h"
#include "master/replies.h"
#include "master/service_notify.h"
#include "master/signals.h"
#include "master/status_keeper.h"
#include "master/supervisor.h"
#include "master/timeouts.h"

namespace pgring {

class Master {
 public:
  // Makes the shared mapping and starts the workers. `metrics` are the sockets of the status
  // process, where there is to be one; `manager` hears of reloads and of the stop. Throws where the
  // system refuses something.
  Master(Settings settings, Listeners listeners, std::optional<Listeners> metrics,
         const ProcessTitle& title, const ServiceNotify& manager);

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
  std::optional<AdminError> reload_settings();
  std::optional<AdminError> set_setting(const std::string& name, const std::string& value);
  void apply(Settings&& settings);
  void publish_shared_settings();
  void connect_console();
  void on_pause_signal(bool paused);
  void pause_all(bool paused);
  // Clients wait in the listeners' backlogs meanwhile.
  void pause_accepting(bool paused);
  void reap();
  void farewell();
  void become_child();
  void become_worker(uint8_t number);
  int become_status(Listeners listeners, int liveness);

  const ProcessTitle& title_;
  const ServiceNotify& manager_;
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
  StatusKeeper status_;
  Stopping stopping_ = Stopping::kNo;
  EventWait event_wait_{context_};
  BatchScheduling batch_scheduling_;
  uint64_t events_handled_ = 0;
  int64_t next_tick_ = 0;
  bool accepting_paused_ = false;
  int64_t next_complaint_ = 0;  // about the want of descriptors
};

}  // namespace pgring
