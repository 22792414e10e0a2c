// Frames and ends of units; what ends otherwise is in replies_failures.cc.
#include "master/replies.h"

#include "common/directive.h"
#include "common/payload.h"
#include "master/unit_stats.h"

namespace pgring {
namespace {

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
    case FrameKind::kAnswered:
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

// The task, then its client in Frontend's steps.
void Replies::prefetch(const FrameHeader& header, std::size_t step) {
  if (header.kind != FrameKind::kEnd || header.task >= context_.state.header->task_count) return;
  if (step == 0) return context_.tasks.prefetch(header.task);
  frontend_.prefetch(context_.tasks[header.task].client, step - 1);
}

// Whose task the frame is about; null where it is of an earlier turn.
Client* Replies::client_of(uint8_t worker, const FrameHeader& header) {
  if (header.task >= context_.state.header->task_count) return nullptr;
  const Task& task = context_.tasks[header.task];
  const TaskWord word = TaskWord::unpack(task.word.load(std::memory_order_acquire));
  if (word.turn != header.turn || word.worker != worker) return nullptr;
  return &frontend_.client(task.client);
}

ssize_t Replies::move(uint8_t worker, const FrameHeader& header, int pipe) {
  Client* found = client_of(worker, header);
  if (!found || found->state != ClientState::kActive || found->first_reply == 0) return -1;
  Client& client = *found;
  const ssize_t moved = client.output.move(client.fd.get(), context_.output, pipe, header.length);
  if (moved <= 0) return moved;
  const auto bytes = static_cast<std::size_t>(moved);
  client.reply_bytes += bytes;
  client.reply_cut = bytes < header.length || header.cut;
  count_sent(client, bytes);
  frontend_.on_moved(client);
  return moved;
}

void Replies::count_sent(const Client& client, std::size_t bytes) {
  context_.state.lanes[client.pool->lane].stats.bytes_sent.fetch_add(bytes,
                                                                     std::memory_order_relaxed);
}

void Replies::on_task_frame(uint8_t worker, const FrameHeader& header, std::string_view payload) {
  Client* found = client_of(worker, header);
  if (!found) return;
  Client& client = *found;
  Task& task = context_.tasks[header.task];
  switch (header.kind) {
    case FrameKind::kReply:
      return on_reply(client, header, payload);
    case FrameKind::kConsumed:
      if (client.waits_for_room) dispatcher_.served().push_back(client.index);
      return;
    case FrameKind::kAnswered:
      if (UnitReader::on_answered(client, header.status)) {
        dispatcher_.served().push_back(client.index);
      }
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
  client.reply_cut = header.cut;
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
  count_sent(client, payload.size());
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
  if (client.fd && client.unit_copies) take_rest_back(client);
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
  count_unit(context_.state.lanes[client.pool->lane].stats, client, context_.now,
             {.server_us = header.server_us, .assigned = assigned});
  if (refuses_block(client, header)) {
    return frontend_.fail(client,
                          {.severity = "FATAL",
                           .sqlstate = "08P01",
                           .message = "transaction blocks not allowed in statement pooling mode"});
  }
  if (client.unit_terminates) return frontend_.finish(client);
  after_unit(client);
}

// What the worker had not taken when a COPY failed is the client's next input: the server would
// ignore its data and answer the rest. They are as the client wrote them, since UnitReader
// translates none behind a Sync that may have ended the unit; but it may have asked about that.
void Replies::take_rest_back(Client& client) {
  const Task& task = context_.tasks[client.task];
  const uint64_t taken = task.consumed.load(std::memory_order_acquire);
  std::vector<char> rest(context_.tasks.written(client.task) - taken);
  copy_payload(context_.state, task, taken, rest.data(), rest.size());
  for (std::size_t at = 0; at < rest.size();) {
    const std::size_t length = wire::load32(&rest[at] + 1) + std::size_t{1};
    if (is_directive(rest[at])) {
      rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(at),
                 rest.begin() + static_cast<std::ptrdiff_t>(at + length));
    } else {
      at += length;
    }
  }
  client.input.insert(client.input.begin(), rest.begin(), rest.end());
  client.message_left = 0;
  if (!rest.empty()) client.unit_terminates = false;
}

void Replies::after_unit(Client& client) {
  client.feed = Feed::kBetween;
  client.held_by_query = false;
  client.active_at = context_.now;
  if (!client.input.empty() || !client.reading) dispatcher_.served().push_back(client.index);
}

}  // namespace pgring
