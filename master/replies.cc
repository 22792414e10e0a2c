// Frames, ends of units, and crashes.
#include "master/replies.h"

#include <fmt/format.h>

#include <bit>
#include <utility>

#include "master/client_log.h"

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

// In statement pooling a transaction block is refused before its BEGIN is confirmed.
bool refuses_block(const Client& client, const FrameHeader& header) {
  return client.fd && client.mode == PoolMode::kStatement && header.status != 'I';
}

}  // namespace

void Replies::on_frame(uint8_t worker, const FrameHeader& header, std::string_view payload) {
  switch (header.kind) {
    case FrameKind::kReply:
    case FrameKind::kEnd:
    case FrameKind::kFailed:
    case FrameKind::kRetry:
    case FrameKind::kConsumed:
      return on_task_frame(worker, header, payload);
    case FrameKind::kHello:
      return frontend_.login().on_new_connection(context_.pools.by_lane(header.task), payload);
    case FrameKind::kAsync:
      if (frontend_.exists(header.task)) {
        Client& client = frontend_.client(header.task);
        if (header.flags & kFrameHasParameterStatus) {
          frontend_.login().on_parameter_status(client, payload);
        }
        frontend_.send(client, payload);
      }
      return;
    case FrameKind::kLinkLost:
      return on_link_lost(header.task, worker, payload);
    case FrameKind::kLoginFailed:
      return on_login_failed(header.task, header, payload);
  }
}

void Replies::on_task_frame(uint8_t worker, const FrameHeader& header, std::string_view payload) {
  if (header.task >= context_.state.header->task_count) return;
  Task& task = context_.tasks[header.task];
  const TaskWord word = TaskWord::unpack(task.word.load(std::memory_order_acquire));
  if (word.turn != header.turn || word.worker != worker) return;  // of an earlier turn
  Client& client = frontend_.client(task.client);
  switch (header.kind) {
    case FrameKind::kReply:
      return on_reply(client, header, payload);
    case FrameKind::kConsumed:
      if (client.waits_for_room) dispatcher_.served().push_back(client.index);
      return;
    case FrameKind::kRetry:
      finish(task);
      return on_retry(client, header.flags & kFrameMoved);
    case FrameKind::kFailed:
      finish(task);
      return on_failed(client, header, payload);
    case FrameKind::kEnd:
      if (task.kind == TaskKind::kHello) {
        finish(task);
        dispatcher_.end_unit(client);
        if (!client.fd) return frontend_.release_number(client);
        return frontend_.login().on_hello(client, payload);
      }
      if (refuses_block(client, header)) payload = {};
      on_reply(client, header, payload);
      finish(task);
      return on_end(client, worker, header);
    case FrameKind::kHello:
    case FrameKind::kAsync:
    case FrameKind::kLinkLost:
    case FrameKind::kLoginFailed:
      return;
  }
}

void Replies::on_reply(Client& client, const FrameHeader& header, std::string_view payload) {
  if (client.state != ClientState::kActive) {
    // Nobody reads it any more; the worker's window must not close over it.
    client.reply_bytes += payload.size();
    context_.tasks[client.task].delivered.store(client.reply_bytes, std::memory_order_seq_cst);
    return;
  }
  if (client.first_reply == 0 && !payload.empty()) client.first_reply = payload.front();
  client.reply_bytes += payload.size();
  if (header.flags & kFrameHasParameterStatus) {
    frontend_.login().on_parameter_status(client, payload);
  }
  if (!payload.empty()) forward(client, header, payload);
  if (client.state != ClientState::kActive) return;
  const Feed before = client.feed;
  const bool failed_before = client.unit_failed;
  if (header.flags & kFrameHasError) UnitReader::on_error(client, header.flags & kFrameQueryFailed);
  if (header.flags & kFrameCopyIn) UnitReader::on_copy_in(client);
  const bool goes_on = client.feed != before || client.unit_failed != failed_before;
  if (goes_on && !client.input.empty()) {
    dispatcher_.served().push_back(client.index);
  }
}

void Replies::forward(Client& client, const FrameHeader& header, std::string_view payload) {
  context_.state.lanes[client.pool->lane].stats.bytes_sent.fetch_add(payload.size(),
                                                                     std::memory_order_relaxed);
  const bool may_name_statements =
      (header.flags & kFrameHasError) && client.statements && client.mode != PoolMode::kSession;
  if (!may_name_statements) return frontend_.send(client, payload);
  // An error's text may contain the server's name of a statement: cut out the messages one by one.
  while (payload.size() >= 5) {
    const std::size_t length = wire::load32(payload.data() + 1) + std::size_t{1};
    if (length > payload.size() || client.state != ClientState::kActive) break;
    if (payload.front() == 'E') {
      const std::string body = client.statements->with_own_names(payload.substr(5, length - 5));
      client.reply_bytes += body.size() + 5 - length;
      std::vector<char> message;
      wire::Builder(message, 'E').bytes(body);
      frontend_.send(client, {message.data(), message.size()});
    } else {
      frontend_.send(client, payload.substr(0, length));
    }
    payload.remove_prefix(length);
  }
  if (!payload.empty()) frontend_.send(client, payload);
}

void Replies::on_end(Client& client, uint8_t worker, const FrameHeader& header) {
  const bool assigned = client.worker == 0;  // it had no connection before this unit
  client.worker = (header.flags & kFrameLinked) ? worker : 0;
  client.status = static_cast<char>(header.status);
  StatementLog& slow = frontend_.statement_log();
  if (slow.enabled() && client.fd) slow.on_end(client, header.server_us);
  dispatcher_.end_unit(client);
  if (client.statements) {
    client.statements->settle(header.name_operations, header.flags & kFrameUnnamedFailed);
    const bool unnamed_failed =
        client.unit_begins_unnamed && client.first_reply != '1' && client.unit_failed;
    if (unnamed_failed || client.unit_runs_query) client.statements->unnamed.clear();
    if (client.forgets_statements && !client.unit_failed) client.statements->forget_all();
  }
  if (!client.fd) {
    return client.worker != 0 ? frontend_.release_link(client) : frontend_.release_number(client);
  }
  count(client, header.server_us, assigned);
  if (refuses_block(client, header)) {
    return frontend_.fail(client,
                          {.severity = "FATAL",
                           .sqlstate = "08P01",
                           .message = "transaction blocks not allowed in statement pooling mode"});
  }
  after_unit(client);
}

void Replies::after_unit(Client& client) {
  client.feed = Feed::kBetween;
  client.held_by_query = false;
  // A COPY has failed while a message of it was under way: nobody waits for the rest.
  client.discard_left += std::exchange(client.message_left, 0);
  client.active_at = context_.now;
  if (!client.input.empty() || !client.reading) dispatcher_.served().push_back(client.index);
}

// The task ended without the server's ReadyForQuery. A unit that was not complete leaves messages
// up to its Sync in the client's stream, which nobody could answer: such a client is closed.
void Replies::on_failed(Client& client, const FrameHeader& header, std::string_view payload) {
  const bool hello = client.state == ClientState::kLogin;
  context_.state.lanes[client.pool->lane].stats.errors.fetch_add(1, std::memory_order_relaxed);
  client.transaction_began_at = 0;
  const bool open =
      client.feed == Feed::kOpen || client.feed == Feed::kCopyIn || client.message_left > 0;
  const bool fatal =
      (header.flags & kFrameFatal) || payload.empty() || hello || open || client.reply_bytes > 0;
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
  send_error(client, payload);
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
  frontend_.send(client, error);
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
  const Pool& pool = context_.pools.by_lane(lane);
  const auto body = payload.size() > 5 ? payload.substr(5) : std::string_view{};
  for (auto& place : frontend_.all()) {
    Client& client = *place;
    if (client.pool != &pool || !client.published || client.worker != 0) continue;
    if (!dispatcher_.take_back(client)) continue;
    const std::string_view state = wire::error_field(body, 'C');
    const std::string_view text = wire::error_field(body, 'M');
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

// Waiting is waiting for a connection: what a linked client's unit spends between the processes is
// counted with the query. A transaction's time includes its idle times.
void Replies::count(Client& client, uint32_t server_us, bool assigned) {
  LaneStats& stats = context_.state.lanes[client.pool->lane].stats;
  const auto add = [](std::atomic<uint64_t>& counter, uint64_t by) {
    // Only the master writes: no locked instruction is needed.
    counter.store(counter.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
  };
  const auto record = [&](LatencyHistogram& histogram, uint64_t us) {
    const auto bucket = std::min<uint32_t>(
        us < 2 ? 0 : static_cast<uint32_t>(std::bit_width(us)) - 1, kHistogramBuckets - 1);
    add(histogram.buckets[bucket], 1);
    add(histogram.sum_us, us);
  };
  const auto total =
      static_cast<uint64_t>(std::max<int64_t>(context_.now - client.unit_began_at, 0));
  const uint64_t server = std::min<uint64_t>(server_us, total);
  add(stats.queries, 1);
  add(stats.query_us, server);
  if (assigned) {
    add(stats.server_assignments, 1);
    add(stats.wait_us, total - server);
  }
  if (client.transaction_began_at == 0) {
    client.transaction_began_at = context_.now - static_cast<int64_t>(server);
  }
  if (client.status == 'I') {
    add(stats.transactions, 1);
    add(stats.transaction_us, static_cast<uint64_t>(context_.now - client.transaction_began_at));
    client.transaction_began_at = 0;
  }
  if (client.unit_failed) add(stats.errors, 1);
  record(stats.queue, total - server);
  record(stats.server, server);
  record(stats.total, total);
}

}  // namespace pgring
