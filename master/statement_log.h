// The log of slow statements (log_min_duration): what a unit was, and how long it waited, ran, and
// was kept waiting by its own client.
#pragma once

#include <cstdint>

#include "master/client.h"
#include "master/context.h"
#include "master/statement_text.h"

namespace pgring {

class StatementLog {
 public:
  explicit StatementLog(const Context& context) : context_(context), text_(context) {}

  bool enabled() const { return context_.settings.log_min_duration.count() >= 0; }
  // The last of a unit's reply is here; the client still has its task. Where the client's socket
  // does not take the reply, its record waits for that.
  void on_end(Client& client, uint32_t server_us);

  // The client's socket takes no more for now, and again everything.
  void on_blocked(Client& client);
  void on_drained(Client& client);
  // Its connection is closed.
  void on_close(Client& client);

 private:
  bool is_slow(uint64_t total_us) const;
  void write_undelivered(Client& client);

  const Context& context_;
  StatementText text_;
};

}  // namespace pgring
