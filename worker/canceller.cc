// Source: PostgreSQL manual, "Canceling Requests in Progress".
#include "worker/canceller.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "common/log.h"
#include "common/wire.h"
#include "worker/server_connection.h"
#include "worker/worker_context.h"

namespace pgring {

bool Canceller::start(const BackendKey& key, ServerConnection* connection) {
  Fd fd(::socket(key.address.ss_family, SOCK_STREAM, 0));
  if (!fd) return false;
  ::fcntl(fd.get(), F_SETFD, FD_CLOEXEC);
  ::fcntl(fd.get(), F_SETFL, O_NONBLOCK);
  const auto* address = reinterpret_cast<const sockaddr*>(&key.address);
  if (::connect(fd.get(), address, key.address_length) != 0 && errno != EINPROGRESS) {
    log_warning("cancel request not sent: {}", std::strerror(errno));
    return false;
  }
  auto free = std::ranges::find_if(requests_, [](const Request& r) { return !r.fd; });
  if (free == requests_.end()) free = requests_.emplace(requests_.end());
  const auto token = token_base_ + static_cast<uint64_t>(free - requests_.begin());
  context_.poller.add(fd.get(), token, Interest::kReadWrite);
  *free = Request{std::move(fd), connection,
                  static_cast<uint32_t>(key.pid.load(std::memory_order_acquire)), key.key};
  const int64_t patience =
      context_.state.header->cancel_wait_timeout_us.load(std::memory_order_relaxed);
  if (patience > 0) {
    free->deadline = context_.now + patience;
    context_.wake_at(free->deadline);
  }
  return true;
}

void Canceller::on_event(uint64_t token) {
  const uint64_t index = token - token_base_;
  if (index >= requests_.size() || !requests_[index].fd) return;
  Request& request = requests_[index];
  char bytes[16];
  if (!request.sent) {
    wire::store32(bytes, sizeof bytes);
    wire::store32(bytes + 4, wire::kCancelRequest);
    wire::store32(bytes + 8, request.pid);
    wire::store32(bytes + 12, request.key);
    const ssize_t n = ::write(request.fd.get(), bytes, sizeof bytes);
    if (n < 0 && (errno == EAGAIN || errno == EINTR || errno == ENOTCONN)) return;
    if (n != sizeof bytes) {
      finish(request, false);
      return;
    }
    request.sent = true;
    context_.poller.modify(request.fd.get(), token, Interest::kRead);
  }
  const ssize_t n = ::read(request.fd.get(), bytes, sizeof bytes);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  finish(request, n == 0 || (n < 0 && errno == ECONNRESET));
}

void Canceller::finish(Request& request, bool answered) {
  context_.poller.remove(request.fd.get());
  request.fd.reset();
  if (ServerConnection* connection = std::exchange(request.connection, nullptr)) {
    connection->cancel_finished(answered);
  }
}

void Canceller::check_timers() {
  for (std::size_t i = 0; i < requests_.size(); ++i) {
    if (!requests_[i].fd || requests_[i].deadline == 0) continue;
    if (context_.now >= requests_[i].deadline) {
      log_warning("a cancel request was not answered within cancel_wait_timeout");
      finish(requests_[i], false);
    } else {
      context_.wake_at(requests_[i].deadline);
    }
  }
}

void Canceller::forget(const ServerConnection* connection) {
  for (Request& request : requests_) {
    if (request.connection == connection) request.connection = nullptr;
  }
}

bool Canceller::busy() const {
  return std::ranges::any_of(requests_, [](const Request& r) { return static_cast<bool>(r.fd); });
}

}  // namespace pgring
