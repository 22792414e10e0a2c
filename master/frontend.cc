// Client sockets.
#include "master/frontend.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "common/platform.h"
#include "common/prefetch.h"
#include "master/client_log.h"

namespace pgring {
namespace {

constexpr std::size_t kReadSize = 64 * 1024;
// A client that may not go on is read this far ahead, then left to TCP's own flow control.
constexpr std::size_t kReadAhead = 16 * 1024;
// Places beyond max_client_conn, for those who are to be told that there is none, and for cancels.
constexpr uint32_t kExtraPlaces = 128;

void tune_tcp(int fd, const Settings& settings) {
  const auto seconds = [](Duration duration) {
    return static_cast<int>(duration.count() / 1000000);
  };
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (settings.tcp_keepalive) {
    set_keepalive(fd, {seconds(settings.tcp_keepidle), seconds(settings.tcp_keepintvl),
                       settings.tcp_keepcnt});
  }
  if (settings.tcp_user_timeout.count() > 0) {
    set_tcp_user_timeout(fd, static_cast<int>(settings.tcp_user_timeout.count() / 1000));
  }
  if (const auto size = static_cast<int>(settings.tcp_socket_buffer); size > 0) {
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
  }
}

}  // namespace

Frontend::Frontend(Context& context, Dispatcher& dispatcher)
    : context_(context),
      dispatcher_(dispatcher),
      reader_(context, dispatcher),
      login_(context, dispatcher, *this),
      lingering_(*context.poller),
      statement_log_(context),
      scratch_(kMaxStatementLength + 2 * kReadSize) {}

bool Frontend::accept_from(int listener) {
  for (int taken = 0; taken < 64; ++taken) {
    sockaddr_storage peer{};
    socklen_t length = sizeof peer;
    Fd fd = accept_connection(listener, &peer, &length);
    if (!fd) {
      return errno != EMFILE && errno != ENFILE && errno != ENOBUFS && errno != ENOMEM;
    }
    const auto most = static_cast<uint32_t>(context_.settings.max_client_conn) + kExtraPlaces;
    if (free_.empty() && clients_.size() >= most) {
      log_warning("closed a new connection from {} at once: {} are open",
                  peer_address(peer, fd.get()), clients_.size());
      continue;
    }
    if (free_.empty()) {
      free_.push_back(static_cast<uint32_t>(clients_.size()));
      clients_.push_back(std::make_unique<Client>());
    }
    Client& client = *clients_[free_.back()];
    client.index = free_.back();
    free_.pop_back();
    client.state = ClientState::kStartup;
    client.session = next_session_++;
    client.peer = peer;
    client.connected_at = client.active_at = context_.now;
    if (peer.ss_family != AF_UNIX) tune_tcp(fd.get(), context_.settings);
    client.fd = std::move(fd);
    ++count_;
    context_.poller->add(client.fd.get(), make_token(TokenKind::kClient, client.index),
                         Interest::kArrivals);
  }
  return true;
}

void Frontend::prefetch(uint32_t index, std::size_t step) const {
  if (index >= clients_.size()) return;
  const Client& client = *clients_[index];
  if (step == 0) return pgring::prefetch(&client, Client::kOften);
  if (client.statements) pgring::prefetch(client.statements.get(), sizeof *client.statements);
}

void Frontend::on_event(uint32_t index, const PollEvent& event) {
  Client& client = *clients_[index];
  if (!client.fd) return;  // closed earlier in this batch
  if (event.writable) settle_output(client, client.output.flush(client.fd.get(), context_.output));
  if (!client.fd) return;
  if (event.readable && client.reading) {
    read(client, event.end);
  } else if (event.hangup) {
    close(client, "client disconnected");
  }
}

// The poller reports what has arrived only once; see poller.h.
void Frontend::read(Client& client, bool end) {
  const std::size_t kept = client.input.size();
  std::ranges::copy(client.input, scratch_.begin());
  ssize_t count;
  do {
    count = ::recv(client.fd.get(), scratch_.data() + kept, kReadSize, 0);
  } while (count < 0 && errno == EINTR);
  if (count < 0 && errno == EAGAIN) return;
  if (count <= 0) {
    const bool abrupt = client.state != ClientState::kClosing;
    close(client, abrupt ? "client unexpectedly closed the connection" : "closed");
    return;
  }
  if (client.pool) {
    context_.state.lanes[client.pool->lane].stats.bytes_received.fetch_add(
        static_cast<uint64_t>(count), std::memory_order_relaxed);
  }
  client.input.clear();
  process(client, {scratch_.data(), kept + static_cast<std::size_t>(count)});
  if (client.fd && (end || count == static_cast<ssize_t>(kReadSize))) watch(client);
}

void Frontend::resume(Client& client) {
  if (client.state != ClientState::kActive) return;
  const std::size_t kept = client.input.size();
  std::ranges::copy(client.input, scratch_.begin());
  client.input.clear();
  process(client, {scratch_.data(), kept});
}

void Frontend::process(Client& client, std::string_view bytes) {
  while (client.state == ClientState::kStartup && !bytes.empty()) {
    const std::size_t before = bytes.size();
    login_.on_bytes(client, bytes);
    if (bytes.size() == before) break;
  }
  if (client.state == ClientState::kActive) {
    const ReadVerdict verdict =
        client.console ? on_console_input(client, bytes) : reader_.take(client, bytes);
    if (!reader_.own_reply().empty()) {
      send(client, reader_.own_reply());
      reader_.own_reply().clear();
    }
    if (verdict == ReadVerdict::kTerminate) return close(client, "client close request");
    if (verdict == ReadVerdict::kViolation) {
      client.lingers = true;
      return fail(client,
                  {.severity = "FATAL", .sqlstate = "08P01", .message = reader_.violation()});
    }
  }
  if (client.state == ClientState::kClosing || !client.fd) return;
  keep(client, bytes);
}

// What could not be taken stays for later. A client that is held up is read ahead a little only.
void Frontend::keep(Client& client, std::string_view bytes) {
  if (bytes.empty()) {
    if (client.input.capacity() > kReadAhead) std::vector<char>().swap(client.input);
  } else {
    client.input.assign(bytes.begin(), bytes.end());
  }
  const bool held_up = client.state == ClientState::kLogin || is_waiting(client.feed) ||
                       client.waiting || client.waits_for_room ||
                       (client.console && client.output.pending() > 0);
  set_interest(client, !held_up || client.input.size() < kReadAhead, client.writing);
}

void Frontend::set_interest(Client& client, bool reading, bool writing) {
  if (client.reading == reading && client.writing == writing) return;
  client.reading = reading;
  client.writing = writing;
  watch(client);
}

void Frontend::watch(const Client& client) {
  const Interest interest = client.writing
                                ? (client.reading ? Interest::kReadWrite : Interest::kWrite)
                                : (client.reading ? Interest::kArrivals : Interest::kNone);
  context_.poller->modify(client.fd.get(), make_token(TokenKind::kClient, client.index), interest);
}

void Frontend::send(Client& client, std::string_view bytes) {
  if (!client.fd) return;
  settle_output(client, client.output.write(client.fd.get(), context_.output, bytes));
}

void Frontend::settle_output(Client& client, WriteResult result) {
  if (result == WriteResult::kBroken) return close(client, "cannot write to client");
  // What left the master of the present task's reply; the worker's window hangs on it.
  if (client.published) {
    if (client.reply_bytes > kReplyWindow) context_.streamed = true;
    Task& task = context_.tasks[client.task];
    const uint64_t pending = std::min(client.output.pending(), client.reply_bytes);
    task.delivered.store(client.reply_bytes - pending, std::memory_order_seq_cst);
    if (task.worker_waits.load(std::memory_order_seq_cst) != 0 && pending < kReplyWindow / 2 &&
        task.worker_waits.exchange(0, std::memory_order_seq_cst) != 0) {
      const TaskWord word = TaskWord::unpack(task.word.load(std::memory_order_acquire));
      if (word.worker != 0) dispatcher_.alert(word.worker);
    }
  }
  if (result == WriteResult::kPending) {
    statement_log_.on_blocked(client);
    return set_interest(client, client.reading, true);
  }
  if (client.writing) statement_log_.on_drained(client);
  if (client.state == ClientState::kClosing) return close(client, "closed");
  set_interest(client, client.reading, false);
  // The console goes on once its last answer has left.
  if (client.console && !client.input.empty()) dispatcher_.served().push_back(client.index);
}

void Frontend::fail(Client& client, const wire::ErrorFields& fields) {
  if (!client.fd) return;
  if (context_.settings.log_pooler_errors) log_pooler_error(client, fields);
  std::vector<char> message;
  wire::append_error(message, fields);
  send_error(client, {message.data(), message.size()});
  finish(client);
}

void Frontend::send_error(Client& client, std::string_view message) {
  if (!client.reply_cut) send(client, message);
}

void Frontend::finish(Client& client) {
  if (!client.fd || client.state == ClientState::kClosing) return;
  client.state = ClientState::kClosing;
  client.active_at = context_.now;
  client.lingers =
      client.lingers || client.message_left > 0 || in_unit(client.feed) || !client.input.empty();
  client.input = {};
  if (client.output.pending() == 0) return close(client, "closed");
  if (client.published && !dispatcher_.take_back(client)) {
    dispatcher_.request(client, kRequestAbandon);  // the server need not go on
  }
}

void Frontend::close(Client& client, std::string_view reason) {
  if (!client.fd) return;
  statement_log_.on_close(client);
  if (context_.settings.log_disconnections && (client.pool || client.console)) {
    const std::string address = client_address(client);
    log(LogLevel::kInfo, log_context(client, address), "disconnected: {} (after {} s)", reason,
        (context_.now - client.connected_at) / 1000000);
  }
  if (client.state == ClientState::kStartup && !client.input.empty()) {
    const std::string address = client_address(client);
    log(LogLevel::kWarning, log_context(client, address), "incomplete startup packet");
  }
  context_.poller->remove(client.fd.get());
  if (client.lingers && client.output.pending() == 0) {
    lingering_.add(std::move(client.fd), context_.now);
  }
  client.fd.reset();
  client.output.clear(context_.output);
  client.input = {};
  client.state = ClientState::kGone;
  --count_;
  dispatcher_.leave_queues(client);
  if (client.published && !dispatcher_.take_back(client)) {
    return dispatcher_.request(client, kRequestAbandon);  // the rest follows the end of the task
  }
  if (client.worker != 0) return release_link(client);
  release_number(client);
}

void Frontend::release_link(Client& client) {
  context_.tasks.restart(client.task);
  client.feed = Feed::kBetween;
  dispatcher_.submit(client, TaskKind::kRelease, true);
}

void Frontend::release_number(Client& client) {
  if (client.released) return;
  client.released = true;
  dispatcher_.drop_task(client);
  if (client.pool) --client.pool->clients;
  client.statements.reset();
  if (client.parameter_set != kNoParameterSet) {
    context_.parameter_sets.drop_reference(client.parameter_set);
  }
  released_.push_back(client.index);
}

void Frontend::bury() {
  for (const uint32_t index : released_) {
    clients_[index] = std::make_unique<Client>();
    free_.push_back(index);
  }
  released_.clear();
}

}  // namespace pgring
