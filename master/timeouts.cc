// Clients whose time is up.
#include "master/timeouts.h"

#include <fmt/format.h>

namespace pgring {
namespace {

// How long a client that is being closed may take to read what it is still owed.
constexpr int64_t kFarewell = 10'000'000;

// A unit that is not complete after this time is shown to the server as far as it goes: its client
// may wait for an answer without having asked for it by Flush.
constexpr int64_t kCompletion = 100'000;

bool is_over(int64_t since, Duration limit, int64_t now) {
  return limit.count() > 0 && since > 0 && now - since > limit.count();
}

double seconds(int64_t us) { return static_cast<double>(us) / 1e6; }

}  // namespace

void Timeouts::check() {
  const std::size_t count = frontend_.all().size();
  for (std::size_t i = 0; i < count; ++i) {
    Client& client = *frontend_.all()[i];
    if (client.fd) check_client(client);
  }
}

void Timeouts::check_client(Client& client) {
  const int64_t now = context_.now;
  const auto fail = [&](std::string_view sqlstate, const std::string& message) {
    frontend_.fail(client, {.severity = "FATAL", .sqlstate = sqlstate, .message = message});
  };
  switch (client.state) {
    case ClientState::kStartup:
      if (is_over(client.connected_at, context_.settings.client_login_timeout, now)) {
        fail("08P01", "client_login_timeout: the client did not log in in time");
      }
      return;
    case ClientState::kClosing:
      if (now - client.active_at > kFarewell)
        frontend_.close(client, "did not read its last bytes");
      return;
    case ClientState::kLogin:
      return check_waiting(client);
    case ClientState::kActive:
      break;
    case ClientState::kFree:
    case ClientState::kGone:
      return;
  }
  if (client.console) return;
  // Memory may have become free without anyone having said so.
  if (client.waits_for_room) dispatcher_.served().push_back(client.index);
  if (client.feed == Feed::kOpen && !client.published && now - client.unit_began_at > kCompletion) {
    dispatcher_.submit(client, TaskKind::kUnit, false);
  }
  const Pool& pool = *client.pool;
  if (client.published || client.waiting) {
    check_waiting(client);
    if (client.fd && is_over(client.unit_began_at, pool.query_timeout, now) &&
        is_waiting(client.feed)) {
      fail("57014", fmt::format("query_timeout: canceled after {:.1f} s",
                                seconds(now - client.unit_began_at)));
    }
  } else if (client.worker != 0 && client.status != 'I') {
    if (is_over(client.active_at, pool.idle_transaction_timeout, now)) {
      fail("25P03", "idle_transaction_timeout: the transaction was idle for too long");
    }
  } else if (is_over(client.active_at, pool.client_idle_timeout, now)) {
    fail("57P05", "client_idle_timeout: the client was idle for too long");
  }
  if (client.fd && client.worker != 0 && client.status != 'I' &&
      is_over(client.transaction_began_at, pool.transaction_timeout, now)) {
    fail("25P04", "transaction_timeout: the transaction took too long");
  }
}

void Timeouts::check_waiting(Client& client) {
  const Pool& pool = *client.pool;
  if (client.worker != 0 || pool.paused) return;
  if (!is_over(client.unit_began_at, pool.query_wait_timeout, context_.now)) return;
  if (client.published && !dispatcher_.take_back(client)) return;  // it has a connection
  const uint32_t ahead = depth(context_.state.lanes[pool.lane].ring);
  frontend_.fail(
      client,
      {.severity = "FATAL",
       .sqlstate = "08P01",
       .message = fmt::format(
           "query_wait_timeout: no server connection for \"{}\" as \"{}\" within "
           "{:.1f} s; {} others are waiting",
           client.database, client.user, seconds(context_.now - client.unit_began_at), ahead)});
}

}  // namespace pgring
