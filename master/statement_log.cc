// Times and records of slow statements.
#include "master/statement_log.h"

#include <algorithm>

#include "common/log.h"
#include "master/client_log.h"

namespace pgring {
namespace {

uint64_t elapsed(int64_t since, int64_t now) {
  return static_cast<uint64_t>(std::max<int64_t>(now - since, 0));
}

void write(const Client& client, const StatementTimes& times, std::string_view text) {
  const std::string address = client_address(client);
  log_statement(LogLevel::kInfo, log_context(client, address), times, text);
}

}  // namespace

bool StatementLog::is_slow(uint64_t total_us) const {
  return enabled() && total_us >= static_cast<uint64_t>(context_.settings.log_min_duration.count());
}

// While the client's socket was full the worker stopped reading from the server, so that time is
// the client's, not the server's.
void StatementLog::on_end(Client& client, uint32_t server_us) {
  const int64_t now = context_.now;
  StatementTimes times;
  times.total = elapsed(client.unit_began_at, now);
  if (client.blocked_since == 0 && !is_slow(times.total)) return;
  uint64_t blocked = client.blocked_us;
  if (client.blocked_since != 0) {
    blocked += elapsed(std::max(client.blocked_since, client.unit_began_at), now);
  }
  const uint64_t served = std::min<uint64_t>(server_us, times.total);
  times.queue = times.total - served;
  times.client = std::min(blocked, served);
  times.server = served - times.client;
  const auto limit = static_cast<std::size_t>(context_.settings.log_statement_length);
  const std::string_view text = text_.of(client, limit);
  if (client.blocked_since == 0) return write(client, times, text);
  write_undelivered(client);
  client.undelivered = std::make_unique<UndeliveredStatement>(times, now, std::string(text));
}

void StatementLog::on_blocked(Client& client) {
  if (client.blocked_since == 0) client.blocked_since = context_.now;
}

void StatementLog::on_drained(Client& client) {
  if (client.blocked_since == 0) return;
  client.blocked_us += elapsed(std::max(client.blocked_since, client.unit_began_at), context_.now);
  client.blocked_since = 0;
  write_undelivered(client);
}

void StatementLog::on_close(Client& client) { write_undelivered(client); }

void StatementLog::write_undelivered(Client& client) {
  const auto waiting = std::move(client.undelivered);
  if (!waiting) return;
  const uint64_t more = elapsed(waiting->ended_at, context_.now);
  waiting->times.total += more;
  waiting->times.client += more;
  if (is_slow(waiting->times.total)) write(client, waiting->times, waiting->text);
}

}  // namespace pgring
