// Binding listening sockets. SO_REUSEADDR is always set: a restart binds at once, whatever the
// last run has left in FIN_WAIT_2 or TIME_WAIT.
#include "master/listener.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <memory>
#include <stdexcept>

#include "common/log.h"
#include "common/platform.h"

namespace pgring {
namespace {

[[noreturn]] void refuse(std::string_view what, const std::string& where, int error) {
  const std::string text = fmt::format("cannot {} {}: {}", what, where, strerror(error));
  if (error == EADDRINUSE) throw AddressInUse(text);
  throw std::runtime_error(text);
}

Fd make_socket(int family, const std::string& where) {
  Fd fd(::socket(family, SOCK_STREAM, 0));
  if (!fd) refuse("make a socket for", where, errno);
  fcntl(fd.get(), F_SETFD, FD_CLOEXEC);
  fcntl(fd.get(), F_SETFL, fcntl(fd.get(), F_GETFL) | O_NONBLOCK);
  return fd;
}

bool somebody_answers(const sockaddr_un& address, socklen_t length) {
  const Fd probe(::socket(AF_UNIX, SOCK_STREAM, 0));
  return ::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), length) == 0;
}

void set_group(const std::string& path, const std::string& name) {
  const group* found = getgrnam(name.c_str());
  if (!found) {
    throw std::runtime_error(fmt::format("unix_socket_group: no such group: \"{}\"", name));
  }
  if (::chown(path.c_str(), static_cast<uid_t>(-1), found->gr_gid) != 0) {
    refuse("set the group of", path, errno);
  }
}

}  // namespace

Listeners::Listeners(const Settings& settings) {
  for (const std::string& address : settings.listen_addr) bind_tcp(settings, address);
  if (!settings.unix_socket_dir.empty()) bind_unix(settings);
  if (sockets_.empty()) {
    throw std::runtime_error("nothing to listen on: set listen_addr or unix_socket_dir");
  }
}

Listeners::Listeners(std::vector<ActivatedSocket> activated) {
  for (ActivatedSocket& socket : activated) {
    names_.push_back(fmt::format("the service manager's socket \"{}\"", socket.name));
    sockets_.push_back(std::move(socket.listener));
  }
}

Listeners::~Listeners() { close(); }

void Listeners::close() {
  sockets_.clear();
  if (!socket_path_.empty()) ::unlink(socket_path_.c_str());
  socket_path_.clear();
}

void Listeners::abandon() {
  sockets_.clear();
  socket_path_.clear();
}

void Listeners::bind_tcp(const Settings& settings, const std::string& address) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* list = nullptr;
  const std::string port = std::to_string(settings.listen_port);
  const std::string where = fmt::format("{}:{}", address, port);
  const int failure =
      getaddrinfo(address == "*" ? nullptr : address.c_str(), port.c_str(), &hints, &list);
  if (failure != 0) {
    throw std::runtime_error(fmt::format("cannot resolve {}: {}", where, gai_strerror(failure)));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(list, &freeaddrinfo);
  for (const addrinfo* at = list; at; at = at->ai_next) {
    // "*" on a machine without IPv6 means IPv4 alone.
    const bool optional = address == "*" && at->ai_family == AF_INET6;
    if (optional && !Fd(::socket(AF_INET6, SOCK_STREAM, 0))) continue;
    Fd fd = make_socket(at->ai_family, where);
    const int on = 1;
    setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (at->ai_family == AF_INET6) setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
#ifdef SO_REUSEPORT
    if (settings.so_reuseport) setsockopt(fd.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
#endif
    if (settings.tcp_defer_accept > 0) set_tcp_defer_accept(fd.get(), settings.tcp_defer_accept);
    if (::bind(fd.get(), at->ai_addr, at->ai_addrlen) != 0) {
      if (optional && errno == EADDRNOTAVAIL) continue;
      refuse("bind to", where, errno);
    }
    if (::listen(fd.get(), settings.listen_backlog) != 0) refuse("listen on", where, errno);
    sockets_.push_back(std::move(fd));
    names_.push_back(where);
  }
}

void Listeners::bind_unix(const Settings& settings) {
  const bool abstract = settings.unix_socket_dir.front() == '@';
  const std::string path =
      fmt::format("{}/.s.PGSQL.{}", settings.unix_socket_dir, settings.listen_port);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    throw std::runtime_error(fmt::format("unix_socket_dir: the path {} is too long", path));
  }
  std::memcpy(address.sun_path, path.c_str(), path.size());
  if (abstract) address.sun_path[0] = '\0';
  const auto length =
      static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + (abstract ? 0 : 1));
  Fd fd = make_socket(AF_UNIX, path);
  if (!abstract) {
    if (somebody_answers(address, length)) refuse("bind to", path, EADDRINUSE);
    ::unlink(path.c_str());  // left behind by a server that was killed
  }
  if (::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), length) != 0) {
    refuse("bind to", path, errno);
  }
  if (!abstract) {
    socket_path_ = path;
    if (::chmod(path.c_str(), settings.unix_socket_mode) != 0) refuse("chmod", path, errno);
    if (!settings.unix_socket_group.empty()) set_group(path, settings.unix_socket_group);
  }
  if (::listen(fd.get(), settings.listen_backlog) != 0) refuse("listen on", path, errno);
  sockets_.push_back(std::move(fd));
  names_.push_back(path);
}

}  // namespace pgring
