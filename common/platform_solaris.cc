// The platform functions on Solaris and illumos. Nothing here needs a release newer than Solaris
// 10; what later ones added is used where their headers tell of it.
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>  // closefrom()
#include <sys/pset.h>
#include <ucred.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "common/platform.h"

namespace pgring {
namespace {

[[maybe_unused]] bool set_tcp_option(int fd, int option, int value) {
  return ::setsockopt(fd, IPPROTO_TCP, option, &value, sizeof value) == 0;
}

bool mark(int fd, bool nonblocking) {
  if (::fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) return false;
  return !nonblocking || ::fcntl(fd, F_SETFL, O_NONBLOCK) == 0;
}

}  // namespace

Fd accept_connection(int listener, sockaddr_storage* peer, socklen_t* peer_length) {
  auto* address = reinterpret_cast<sockaddr*>(peer);
#if defined(SOCK_CLOEXEC) && defined(SOCK_NONBLOCK)
  return Fd(::accept4(listener, address, peer_length, SOCK_NONBLOCK | SOCK_CLOEXEC));
#else
  Fd connection(::accept(listener, address, peer_length));
  if (connection && !mark(connection.get(), true)) return Fd();
  return connection;
#endif
}

Pipe make_pipe(PipeMode mode) {
  int ends[2];
  if (::pipe(ends) != 0) throw std::system_error(errno, std::generic_category(), "pipe");
  Pipe result{Fd(ends[0]), Fd(ends[1])};
  for (const int fd : ends) {
    if (!mark(fd, mode == PipeMode::kNonBlocking)) {
      throw std::system_error(errno, std::generic_category(), "fcntl");
    }
  }
  return result;
}

std::size_t set_pipe_size(int, std::size_t) { return 0; }

Pipe make_doorbell_ends() { return make_pipe(PipeMode::kNonBlocking); }

std::optional<PeerCredentials> peer_credentials(int fd) {
  ucred_t* peer = nullptr;
  if (::getpeerucred(fd, &peer) != 0) return std::nullopt;
  const PeerCredentials result{
      .uid = ::ucred_geteuid(peer), .gid = ::ucred_getegid(peer), .pid = ::ucred_getpid(peer)};
  ::ucred_free(peer);
  return result;
}

bool splice_available() { return false; }

ssize_t splice_some(int, int, std::size_t, bool) {
  errno = ENOSYS;
  return -1;
}

bool set_keepalive(int fd, const Keepalive& keepalive) {
  const int on = 1;
  if (::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on) != 0) return false;
#if defined(TCP_KEEPIDLE) && defined(TCP_KEEPINTVL) && defined(TCP_KEEPCNT)
  if (keepalive.idle > 0 && !set_tcp_option(fd, TCP_KEEPIDLE, keepalive.idle)) return false;
  if (keepalive.interval > 0 && !set_tcp_option(fd, TCP_KEEPINTVL, keepalive.interval)) {
    return false;
  }
  return keepalive.count <= 0 || set_tcp_option(fd, TCP_KEEPCNT, keepalive.count);
#elif defined(TCP_KEEPALIVE_THRESHOLD) && defined(TCP_KEEPALIVE_ABORT_THRESHOLD)
  // Milliseconds to the first probe, and milliseconds of unanswered probes until the end.
  const int probing = keepalive.interval * keepalive.count;
  if (keepalive.idle > 0 && !set_tcp_option(fd, TCP_KEEPALIVE_THRESHOLD, keepalive.idle * 1000)) {
    return false;
  }
  return probing <= 0 || set_tcp_option(fd, TCP_KEEPALIVE_ABORT_THRESHOLD, probing * 1000);
#else
  return true;  // only the system-wide interval exists
#endif
}

bool set_tcp_user_timeout(int fd, int milliseconds) {
#ifdef TCP_ABORT_THRESHOLD
  // Zero would mean never here, not the default.
  return milliseconds == 0 || set_tcp_option(fd, TCP_ABORT_THRESHOLD, milliseconds);
#else
  static_cast<void>(fd);
  static_cast<void>(milliseconds);
  errno = ENOPROTOOPT;
  return false;
#endif
}

bool set_tcp_defer_accept(int, int) {
  errno = ENOPROTOOPT;
  return false;
}

void close_descriptors_from(int first) { ::closefrom(first); }

unsigned cpu_count() {
  int type = 0;
  uint_t in_set = 0;
  const bool bound = ::pset_info(PS_MYID, &type, &in_set, nullptr) == 0 && type == PS_PRIVATE;
  if (bound && in_set > 0) return in_set;
  return static_cast<unsigned>(std::max(::sysconf(_SC_NPROCESSORS_ONLN), 1L));
}

// The time-sharing class already lowers whoever is woken often.
// nanosleep() rounds up to a tick of the clock, 10 ms.
bool nap(int64_t) { return false; }

bool processor_waits(ProcessorWaits&) { return false; }

void set_batch_scheduling(bool) {}

// ps shows what the kernel copied at exec.
bool arguments_are_shown() { return false; }

void set_thread_name(const char*) {}

}  // namespace pgring
