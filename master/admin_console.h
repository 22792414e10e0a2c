// The admin console: databases "pgring" and "pgbouncer". Its clients never reach a pool or a
// worker; the master answers them itself, in the simple and in the extended query protocol.
// Source: PostgreSQL manual, "Message Flow".
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "master/admin_services.h"
#include "master/client.h"
#include "master/unit_reader.h"

namespace pgring {

bool is_console_database(std::string_view name);

class AdminConsole {
 public:
  explicit AdminConsole(AdminServices services) : services_(std::move(services)) {}

  // A client has asked for the console: it is welcomed, or refused for want of rights.
  void admit(Client& client);
  // Takes whole messages from the front of `bytes`.
  ReadVerdict take(Client& client, std::string_view& bytes);
  // Answers those whose wait is over; called a few times a second.
  void serve_waiting();

  AdminServices& services() { return services_; }

 private:
  enum class Step : uint8_t { kTaken, kTerminate };

  Step on_message(Client& client, char type, std::string_view body);
  void on_query(Client& client, std::string_view sql);
  // Runs the command and appends its answer but for the rows; true if it has been answered, false
  // if it waits or failed.
  bool run(Client& client, const AdminRequest& request, ConsolePortal& portal);
  bool fail(const AdminError& error);
  bool may_run(const Client& client, const AdminRequest& request);

  // Extended protocol (admin_console_extended.cc).
  bool on_parse(Client& client, std::string_view body);
  bool on_bind(Client& client, std::string_view body);
  bool on_describe(Client& client, std::string_view body);
  bool on_execute(Client& client, std::string_view body);
  bool on_close(Client& client, std::string_view body);
  bool malformed();

  AdminServices services_;
  std::vector<char> out_;  // the answer being put together
};

}  // namespace pgring
