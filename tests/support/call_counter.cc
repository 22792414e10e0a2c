// Preloaded into the daemon by the tests: counts the calls by which each of its processes
// allocates, sends and receives, in a table that the test reads from the file named by
// CALL_COUNTER. Its entries are of int64: pid, allocations, sends (to a socket), writes (to
// anything else), bytes moved by splice; and the most that it has received from sockets between two
// waits for events: calls, bytes.
#include <fcntl.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

extern "C" {
void* __libc_malloc(std::size_t bytes);
void* __libc_calloc(std::size_t count, std::size_t bytes);
void* __libc_realloc(void* old, std::size_t bytes);
void* __libc_memalign(std::size_t alignment, std::size_t bytes);
}

namespace {

constexpr std::size_t kEntries = 256;
struct Entry {
  std::atomic<int64_t> pid;
  std::atomic<int64_t> allocations;
  std::atomic<int64_t> sends;
  std::atomic<int64_t> writes;
  std::atomic<int64_t> moved;
  std::atomic<int64_t> most_receives;
  std::atomic<int64_t> most_received;
};

Entry* table = nullptr;
Entry* own = nullptr;
int64_t receives = 0;  // since the last wait
int64_t received = 0;

void begin_turn() {
  receives = 0;
  received = 0;
}

void take_entry() {
  begin_turn();
  own = nullptr;
  for (std::size_t i = 0; table != nullptr && i < kEntries; ++i) {
    int64_t unused = 0;
    if (table[i].pid.compare_exchange_strong(unused, ::getpid())) {
      own = &table[i];
      return;
    }
  }
}

__attribute__((constructor)) void open_table() {
  const char* path = std::getenv("CALL_COUNTER");
  if (path == nullptr) return;
  const int fd = ::open(path, O_RDWR | O_CLOEXEC);
  if (fd < 0) return;
  void* mapped =
      ::mmap(nullptr, sizeof(Entry) * kEntries, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  ::close(fd);
  if (mapped == MAP_FAILED) return;
  table = static_cast<Entry*>(mapped);
  take_entry();
  ::pthread_atfork(nullptr, nullptr, take_entry);
}

void count(std::atomic<int64_t> Entry::*what, int64_t by = 1) {
  if (own != nullptr) (own->*what).fetch_add(by, std::memory_order_relaxed);
}

void raise(std::atomic<int64_t> Entry::*most, int64_t to) {
  if (own != nullptr && to > own->*most) own->*most = to;
}

}  // namespace

extern "C" {

void* malloc(std::size_t bytes) {
  count(&Entry::allocations);
  return __libc_malloc(bytes);
}

void* calloc(std::size_t number, std::size_t bytes) {
  count(&Entry::allocations);
  return __libc_calloc(number, bytes);
}

void* realloc(void* old, std::size_t bytes) {
  count(&Entry::allocations);
  return __libc_realloc(old, bytes);
}

void* memalign(std::size_t alignment, std::size_t bytes) {
  count(&Entry::allocations);
  return __libc_memalign(alignment, bytes);
}

void* aligned_alloc(std::size_t alignment, std::size_t bytes) { return memalign(alignment, bytes); }

int posix_memalign(void** result, std::size_t alignment, std::size_t bytes) {
  *result = memalign(alignment, bytes);
  return *result == nullptr ? ENOMEM : 0;
}

ssize_t send(int fd, const void* from, std::size_t bytes, int flags) {
  count(&Entry::sends);
  return ::syscall(SYS_sendto, fd, from, bytes, flags, nullptr, 0);
}

ssize_t recv(int fd, void* to, std::size_t bytes, int flags) {
  const ssize_t got = ::syscall(SYS_recvfrom, fd, to, bytes, flags, nullptr, nullptr);
  if (got > 0) {
    raise(&Entry::most_receives, ++receives);
    raise(&Entry::most_received, received += got);
  }
  return got;
}

int epoll_wait(int fd, epoll_event* events, int number, int timeout) {
  begin_turn();
  return static_cast<int>(
      ::syscall(SYS_epoll_pwait, fd, events, number, timeout, nullptr, std::size_t{8}));
}

ssize_t write(int fd, const void* from, std::size_t bytes) {
  count(&Entry::writes);
  return ::syscall(SYS_write, fd, from, bytes);
}

ssize_t writev(int fd, const iovec* parts, int number) {
  count(&Entry::writes);
  return ::syscall(SYS_writev, fd, parts, number);
}

ssize_t splice(int from, off64_t* from_at, int to, off64_t* to_at, std::size_t bytes,
               unsigned flags) {
  const ssize_t moved = ::syscall(SYS_splice, from, from_at, to, to_at, bytes, flags);
  if (moved > 0) count(&Entry::moved, moved);
  return moved;
}
}
