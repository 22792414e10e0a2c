// Dropping what refused clients still send.
#include "master/lingering_close.h"

#include <sys/socket.h>

#include <cerrno>

#include "master/context.h"

namespace pgring {
namespace {

constexpr int64_t kLinger = 5'000'000;
// Beyond these a client is closed at once: descriptors are for those who are served.
constexpr std::size_t kMostSockets = 64;

}  // namespace

void LingeringClose::add(Fd fd, int64_t now) {
  if (sockets_.size() >= kMostSockets || shutdown(fd.get(), SHUT_WR) != 0) return;
  const int number = fd.get();
  poller_.add(number, make_token(TokenKind::kLingering, static_cast<uint32_t>(number)),
              Interest::kRead);
  sockets_[number] = {std::move(fd), now + kLinger};
}

void LingeringClose::on_event(int fd) {
  if (!sockets_.contains(fd)) return;  // closed earlier in this batch
  char dropped[64 * 1024];
  const ssize_t count = recv(fd, dropped, sizeof dropped, 0);
  if (count > 0 || (count < 0 && (errno == EAGAIN || errno == EINTR))) return;
  poller_.remove(fd);
  sockets_.erase(fd);
}

void LingeringClose::tick(int64_t now) {
  std::erase_if(sockets_, [&](const auto& entry) {
    if (entry.second.until > now) return false;
    poller_.remove(entry.first);
    return true;
  });
}

}  // namespace pgring
