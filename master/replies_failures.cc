// Units that end without an answer of the server's: errors, lost connections, dead workers,
// cancels.
#include <algorithm>

#include "master/client_log.h"
#include "master/replies.h"

namespace pgring {
namespace {

// A task is run again this often before its client is told.
constexpr uint8_t kMaxAttempts = 3;

constexpr wire::ErrorFields kConnectionLost{
    .severity = "FATAL",
    .sqlstate = "08006",
    .message = "the server connection of this session was lost",
    .hint = "The transaction, if any, was rolled back by the server."};

constexpr wire::ErrorFields kCancelled{.sqlstate = "57014",
                                       .message = "canceling statement due to user request"};

// Nothing but a change of the server's configuration helps: no such database or user, not admitted.
bool is_lasting(std::string_view sqlstate) {
  return sqlstate == "3D000" || sqlstate.starts_with("28");
}

}  // namespace

// The task ended without the server's ReadyForQuery. A unit that was not complete leaves messages
// up to its Sync in the client's stream, which nobody could answer: such a client is closed. An
// empty payload closes it without a word, since it has said good-bye itself.
void Replies::on_failed(Client& client, const FrameHeader& header, std::string_view payload) {
  const bool hello = client.state == ClientState::kLogin;
  if (!payload.empty()) {
    context_.state.lanes[client.pool->lane].stats.errors.fetch_add(1, std::memory_order_relaxed);
  }
  client.transaction_began_at = 0;
  const bool open = in_unit(client.feed) || client.message_left > 0;
  const bool fatal = (header.flags & kFrameFatal) || payload.empty() || hello || open ||
                     client.unit_terminates || client.reply_bytes > 0;
  client.worker = 0;
  dispatcher_.end_unit(client);
  if (client.statements) client.statements->settle(0);
  if (!client.fd) return frontend_.release_number(client);
  if (hello && payload.size() > 5) {
    // A connection that cannot be made ends in FATAL, whatever the statement that found out.
    const std::string_view body = payload.substr(5);
    return frontend_.fail(client, {.severity = "FATAL",
                                   .sqlstate = wire::error_field(body, 'C'),
                                   .message = wire::error_field(body, 'M'),
                                   .detail = wire::error_field(body, 'D'),
                                   .hint = wire::error_field(body, 'H')});
  }
  if (!payload.empty()) send_error(client, payload);
  if (fatal) return frontend_.finish(client);
  client.status = 'I';
  std::vector<char> ready;
  wire::append_ready(ready, 'I');
  frontend_.send(client, {ready.data(), ready.size()});
  after_unit(client);
}

// `error`: a whole ErrorResponse, of pgring's own or the server's last one; empty: the connection
// was lost without a word.
void Replies::send_error(Client& client, std::string_view error) {
  std::vector<char> lost;
  if (error.empty()) {
    wire::append_error(lost, kConnectionLost);
    error = {lost.data(), lost.size()};
  }
  if (context_.settings.log_pooler_errors) {
    const std::string_view body = error.substr(std::min<std::size_t>(error.size(), 5));
    log_pooler_error(client, {.severity = wire::error_field(body, 'S'),
                              .sqlstate = wire::error_field(body, 'C'),
                              .message = wire::error_field(body, 'M')});
  }
  frontend_.send_error(client, error);
}

void Replies::fail_unit(Client& client, const wire::ErrorFields& fields) {
  std::vector<char> error;
  wire::append_error(error, fields);
  FrameHeader header{};
  on_failed(client, header, {error.data(), error.size()});
}

void Replies::on_retry(Client& client, bool moved) {
  if (!client.fd) {
    dispatcher_.end_unit(client);
    return frontend_.release_number(client);
  }
  if (client.state == ClientState::kClosing) return dispatcher_.end_unit(client);
  Task& task = context_.tasks[client.task];
  if (task.requests.load(std::memory_order_relaxed) & kRequestCancel) {
    return fail_unit(client, kCancelled);  // the worker had given it back before it saw the request
  }
  if (!moved && ++task.attempts > kMaxAttempts) {
    return fail_unit(client, {.sqlstate = "08006",
                              .message = "the server connection was lost each time this statement "
                                         "was tried"});
  }
  if (!context_.tasks.is_whole(client.task)) {
    return fail_unit(client, {.sqlstate = "08006",
                              .message = "the server connection was lost before this statement "
                                         "began, and it is too long to be kept for another try"});
  }
  dispatcher_.resubmit(client);
}

void Replies::on_link_lost(uint32_t index, uint8_t worker, std::string_view payload) {
  if (!frontend_.exists(index)) return;
  Client& client = frontend_.client(index);
  if (client.worker != worker) return;
  if (client.published && !dispatcher_.take_back(client)) return;  // its task will be answered
  lose_link(client, payload);
}

// The client's connection is gone, and no worker has a task of the client.
void Replies::lose_link(Client& client, std::string_view error) {
  client.worker = 0;
  client.published = false;
  dispatcher_.drop_task(client);
  if (!client.fd) return frontend_.release_number(client);
  send_error(client, error);
  frontend_.finish(client);
}

// PostgreSQL itself refused the connection, or nobody answered. In the first case nobody profits
// from waiting: those who do are told, unless the pool still has connections.
void Replies::on_login_failed(uint32_t lane, const FrameHeader& header, std::string_view payload) {
  if (header.flags & kFrameNoServer || lane >= kMaxLanes) return;
  const Lane& shared = context_.state.lanes[lane];
  for (const LaneShare& share : shared.shares) {
    if (share.active.load() + share.idle.load() > 0) return;
  }
  Pool& pool = context_.pools.by_lane(lane);
  const auto body = payload.size() > 5 ? payload.substr(5) : std::string_view{};
  const std::string_view state = wire::error_field(body, 'C');
  const std::string_view text = wire::error_field(body, 'M');
  if (is_lasting(state)) {
    // The workers try it again within that time where anybody waits for it.
    pool.refused_until = context_.now + context_.settings.server_login_retry.count();
    pool.refused_sqlstate = state;
    pool.refused_message = text;
  }
  for (auto& place : frontend_.all()) {
    Client& client = *place;
    if (client.pool != &pool || !client.published || client.worker != 0) continue;
    if (!dispatcher_.take_back(client)) continue;
    const bool hello = client.state == ClientState::kLogin;
    fail_unit(client, {.severity = hello ? "FATAL" : "ERROR",
                       .sqlstate = state.empty() ? "08006" : state,
                       .message = text.empty() ? "cannot connect to the server" : text});
  }
}

void Replies::on_worker_death(uint8_t worker) {
  for (auto& place : frontend_.all()) {
    Client& client = *place;
    if (client.state == ClientState::kFree) continue;
    TaskWord word{};
    if (client.published) {
      word = TaskWord::unpack(context_.tasks[client.task].word.load(std::memory_order_acquire));
    }
    if (client.worker == worker) {
      if (client.published && word.state == TaskState::kReady) dispatcher_.take_back(client);
      if (client.published && word.worker == worker) finish(context_.tasks[client.task]);
      lose_link(client, {});
    } else if (client.published && word.worker == worker) {
      reclaim(client, word);
    }
  }
  // Of what was published last, only the dead one may have been told.
  dispatcher_.alert_all();
}

// See the table "Crashes" in pgring-internals(7).
void Replies::reclaim(Client& client, TaskWord word) {
  Task& task = context_.tasks[client.task];
  const bool again = word.state == TaskState::kClaimed ||
                     (task.traffic == TaskTraffic::kIndependentRead && client.reply_bytes == 0) ||
                     task.kind == TaskKind::kHello;
  finish(task);
  if (again) return on_retry(client, false);
  FrameHeader header{};
  header.flags = client.reply_bytes > 0 ? kFrameFatal : 0;
  std::vector<char> error;
  wire::append_error(error,
                     {.severity = client.reply_bytes > 0 ? "FATAL" : "ERROR",
                      .sqlstate = "08007",
                      .message = "the process running this statement died: whether the statement "
                                 "took effect is unknown"});
  on_failed(client, header, {error.data(), error.size()});
}

void Replies::cancel(uint32_t pid, std::string_view key) {
  const uint32_t index = pid - 1;
  if (!frontend_.exists(index) || key.size() != 4) return;
  Client& client = frontend_.client(index);
  if (client.state != ClientState::kActive || client.cancel_key != wire::load32(key.data())) return;
  if (!client.published) return;
  const bool complete = client.feed == Feed::kHeld && client.message_left == 0;
  // Still on its lane, outside of a transaction: nothing has to reach the server.
  if (client.worker == 0 && complete && dispatcher_.take_back(client)) {
    return fail_unit(client, kCancelled);
  }
  dispatcher_.request(client, kRequestCancel);
}

}  // namespace pgring
