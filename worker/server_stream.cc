// Plain and encrypted reading and writing.
#include "worker/server_stream.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <climits>

namespace pgring {
namespace {

constexpr int kNoSignal =
#ifdef MSG_NOSIGNAL
    MSG_NOSIGNAL;
#else
    0;  // SIGPIPE is ignored in every process
#endif

ServerStream::Outcome plain_outcome(ssize_t result) {
  if (result > 0) return {ServerStream::Status::kOk, static_cast<std::size_t>(result)};
  if (result < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
    return {ServerStream::Status::kWouldBlock, 0};
  }
  return {ServerStream::Status::kClosed, 0};
}

}  // namespace

ServerStream::ServerStream(PgConn connection) : connection_(std::move(connection)) {
  if (PQsslInUse(connection_.get()) == 0) return;
  tls_ = PQsslStruct(connection_.get(), "OpenSSL");
  // A write that would block is repeated from a buffer that may have moved and grown meanwhile.
  SSL_set_mode(static_cast<SSL*>(tls_),
               SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
}

std::string ServerStream::tls_description() const {
  if (tls_ == nullptr) return {};
  const char* protocol = PQsslAttribute(connection_.get(), "protocol");
  const char* cipher = PQsslAttribute(connection_.get(), "cipher");
  return std::string(protocol ? protocol : "") + "/" + (cipher ? cipher : "");
}

ServerStream::Outcome ServerStream::read(char* to, std::size_t capacity) {
  if (tls_ != nullptr) {
    ERR_clear_error();
    const auto limit = static_cast<int>(std::min<std::size_t>(capacity, INT_MAX));
    return tls_outcome(SSL_read(static_cast<SSL*>(tls_), to, limit));
  }
  ssize_t got;
  do {
    got = ::recv(fd(), to, capacity, 0);
  } while (got < 0 && errno == EINTR);
  return plain_outcome(got);
}

ServerStream::Outcome ServerStream::write(const char* from, std::size_t bytes) {
  if (tls_ != nullptr) {
    ERR_clear_error();
    const auto limit = static_cast<int>(std::min<std::size_t>(bytes, INT_MAX));
    return tls_outcome(SSL_write(static_cast<SSL*>(tls_), from, limit));
  }
  ssize_t sent;
  do {
    sent = ::send(fd(), from, bytes, kNoSignal);
  } while (sent < 0 && errno == EINTR);
  return plain_outcome(sent);
}

ServerStream::Outcome ServerStream::tls_outcome(int result) {
  if (result > 0) return {Status::kOk, static_cast<std::size_t>(result)};
  const int error = SSL_get_error(static_cast<SSL*>(tls_), result);
  if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
    return {Status::kWouldBlock, 0};
  }
  return {Status::kClosed, 0};
}

bool ServerStream::has_buffered() const {
  return tls_ != nullptr && SSL_pending(static_cast<SSL*>(tls_)) > 0;
}

void ServerStream::close(bool politely) {
  if (!connection_) return;
  if (!politely) ::shutdown(fd(), SHUT_RDWR);
  tls_ = nullptr;
  connection_.reset();
}

}  // namespace pgring
