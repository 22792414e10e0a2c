// The platform functions on Linux.
#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <ctime>
#include <system_error>
#include <vector>

#include "common/platform.h"

namespace pgring {
namespace {

bool set_tcp_option(int fd, int option, int value) {
  return ::setsockopt(fd, IPPROTO_TCP, option, &value, sizeof value) == 0;
}

// For kernels before 5.9, which have no close_range().
void close_listed_descriptors(int first) {
  DIR* directory = ::opendir("/proc/self/fd");
  if (directory == nullptr) return;
  std::vector<int> open_descriptors;
  while (const dirent* entry = ::readdir(directory)) {
    const int fd = std::atoi(entry->d_name);
    if (fd >= first && fd != ::dirfd(directory)) open_descriptors.push_back(fd);
  }
  ::closedir(directory);
  for (const int fd : open_descriptors) ::close(fd);
}

}  // namespace

Fd accept_connection(int listener, sockaddr_storage* peer, socklen_t* peer_length) {
  return Fd(::accept4(listener, reinterpret_cast<sockaddr*>(peer), peer_length,
                      SOCK_NONBLOCK | SOCK_CLOEXEC));
}

Pipe make_pipe(PipeMode mode) {
  int ends[2];
  const int flags = mode == PipeMode::kNonBlocking ? O_NONBLOCK | O_CLOEXEC : O_CLOEXEC;
  if (::pipe2(ends, flags) != 0) throw std::system_error(errno, std::generic_category(), "pipe2");
  return {Fd(ends[0]), Fd(ends[1])};
}

std::size_t set_pipe_size(int fd, std::size_t bytes) {
  // Refused above fs.pipe-max-size, or when the user's pages are used up: the old size stays.
  ::fcntl(fd, F_SETPIPE_SZ, static_cast<int>(bytes));
  const int size = ::fcntl(fd, F_GETPIPE_SZ);
  return size < 0 ? 0 : static_cast<std::size_t>(size);
}

Pipe make_doorbell_ends() {
  Fd both(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!both) throw std::system_error(errno, std::generic_category(), "eventfd");
  return {std::move(both), Fd()};
}

std::optional<PeerCredentials> peer_credentials(int fd) {
  ucred peer{};
  socklen_t length = sizeof peer;
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) return std::nullopt;
  return PeerCredentials{.uid = peer.uid, .gid = peer.gid, .pid = peer.pid};
}

bool splice_available() { return true; }

ssize_t splice_some(int pipe, int to, std::size_t bytes, bool more) {
  const unsigned flags = SPLICE_F_MOVE | SPLICE_F_NONBLOCK | (more ? SPLICE_F_MORE : 0U);
  return ::splice(pipe, nullptr, to, nullptr, bytes, flags);
}

bool set_keepalive(int fd, const Keepalive& keepalive) {
  const int on = 1;
  if (::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on) != 0) return false;
  if (keepalive.idle > 0 && !set_tcp_option(fd, TCP_KEEPIDLE, keepalive.idle)) return false;
  if (keepalive.interval > 0 && !set_tcp_option(fd, TCP_KEEPINTVL, keepalive.interval)) {
    return false;
  }
  return keepalive.count <= 0 || set_tcp_option(fd, TCP_KEEPCNT, keepalive.count);
}

bool set_tcp_user_timeout(int fd, int milliseconds) {
  return set_tcp_option(fd, TCP_USER_TIMEOUT, milliseconds);
}

bool set_tcp_defer_accept(int listener, int seconds) {
  return set_tcp_option(listener, TCP_DEFER_ACCEPT, seconds);
}

void close_descriptors_from(int first) {
  if (::close_range(static_cast<unsigned>(first), ~0U, 0) != 0) close_listed_descriptors(first);
}

unsigned cpu_count() {
  // The set must be at least as large as the kernel's; the call fails with EINVAL until it is.
  for (std::size_t processors = 1024; processors <= 1U << 20; processors *= 2) {
    cpu_set_t* set = CPU_ALLOC(processors);
    if (set == nullptr) break;
    const std::size_t bytes = CPU_ALLOC_SIZE(processors);
    const bool known = ::sched_getaffinity(0, bytes, set) == 0;
    const int count = known ? CPU_COUNT_S(bytes, set) : 0;
    CPU_FREE(set);
    if (known) return static_cast<unsigned>(std::max(count, 1));
    if (errno != EINVAL) break;
  }
  return static_cast<unsigned>(std::max(::sysconf(_SC_NPROCESSORS_ONLN), 1L));
}

bool nap(int64_t us) {
  const timespec time{.tv_sec = us / 1'000'000, .tv_nsec = us % 1'000'000 * 1000};
  ::nanosleep(&time, nullptr);
  return true;
}

// "nanoseconds running, nanoseconds waiting, turns" (Documentation/scheduler/sched-stats.rst).
bool processor_waits(ProcessorWaits& waits) {
  const Fd file(::open("/proc/self/schedstat", O_RDONLY | O_CLOEXEC));
  if (!file) return false;
  std::array<char, 96> text;
  const ssize_t size = ::read(file.get(), text.data(), text.size());
  std::array<uint64_t, 3> numbers{};
  const char* next = text.data();
  const char* end = next + std::max<ssize_t>(size, 0);
  for (uint64_t& number : numbers) {
    const std::from_chars_result found = std::from_chars(next, end, number);
    if (found.ec != std::errc()) return false;
    next = std::find_if(found.ptr, end, [](char c) { return c != ' '; });
  }
  waits = {.us = static_cast<int64_t>(numbers[1] / 1000), .turns = numbers[2]};
  return true;
}

void set_batch_scheduling(bool on) {
  const sched_param none{};
  ::sched_setscheduler(0, on ? SCHED_BATCH : SCHED_OTHER, &none);
}

bool arguments_are_shown() { return true; }

void set_thread_name(const char* name) { ::prctl(PR_SET_NAME, name); }

}  // namespace pgring
