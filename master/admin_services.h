// What the console's commands work on. Owned by AdminConsole; the actions are Master's.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "master/admin_command.h"
#include "master/context.h"
#include "master/dispatcher.h"
#include "master/frontend.h"
#include "master/stats_history.h"

namespace pgring {

enum class ShutdownMode : uint8_t { kNow, kWaitForClients, kWaitForServers };

struct AdminServices {
  Context& context;
  Frontend& frontend;
  Dispatcher& dispatcher;
  const StatsHistory& stats;

  // Set by Master.
  std::function<std::optional<AdminError>()> reload{};
  std::function<std::optional<AdminError>(const std::string& name, const std::string& value)> set{};
  std::function<void(ShutdownMode)> shutdown{};
};

}  // namespace pgring
