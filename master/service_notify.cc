// The notification datagrams of sd_notify(3).
#include "master/service_notify.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <ctime>

namespace pgring {
namespace {

// Connects to "/path" or "@abstract". Empty if `name` is anything else or nobody is there.
Fd connect_to(std::string_view name) {
  sockaddr_un address{};
  const bool abstract = !name.empty() && name[0] == '@';
  const std::size_t room = sizeof address.sun_path - (abstract ? 0 : 1);
  if (name.size() < 2 || (name[0] != '/' && !abstract) || name.size() > room) return Fd();
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, name.data(), name.size());
  if (abstract) address.sun_path[0] = '\0';
  // An abstract name ends with the length given, a path with a zero byte.
  const std::size_t length = offsetof(sockaddr_un, sun_path) + name.size() + (abstract ? 0 : 1);
  Fd socket(::socket(AF_UNIX, SOCK_DGRAM, 0));
  if (!socket || ::fcntl(socket.get(), F_SETFD, FD_CLOEXEC) != 0 ||
      ::fcntl(socket.get(), F_SETFL, O_NONBLOCK) != 0 ||
      ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address),
                static_cast<socklen_t>(length)) != 0) {
    return Fd();
  }
  return socket;
}

// A value is one line: what would begin another field is made a blank.
std::string status_line(std::string_view status) {
  std::string line = "STATUS=";
  line += status;
  std::replace(line.begin(), line.end(), '\n', ' ');
  return line + '\n';
}

}  // namespace

ServiceNotify ServiceNotify::from_environment() {
  ServiceNotify notify;
  if (const char* name = std::getenv("NOTIFY_SOCKET")) {
    notify.socket_ = connect_to(name);
    ::unsetenv("NOTIFY_SOCKET");
  }
  return notify;
}

void ServiceNotify::ready(std::string_view status) const {
  send(fmt::format("READY=1\nMAINPID={}\n{}", ::getpid(), status_line(status)));
}

// The time tells this reload's READY=1 from an earlier one (Type=notify-reload).
void ServiceNotify::reloading() const {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  send(fmt::format("RELOADING=1\nMONOTONIC_USEC={}\n",
                   static_cast<long long>(now.tv_sec) * 1'000'000 + now.tv_nsec / 1'000));
}

void ServiceNotify::stopping(std::string_view status) const {
  send("STOPPING=1\n" + status_line(status));
}

void ServiceNotify::status(std::string_view status) const { send(status_line(status)); }

void ServiceNotify::send(const std::string& lines) const {
  if (!socket_) return;
  [[maybe_unused]] const ssize_t sent = ::send(socket_.get(), lines.data(), lines.size(), 0);
}

}  // namespace pgring
