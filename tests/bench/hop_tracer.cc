// Preloaded into every process on a query's way by tests/bench/hops.py: notes when each call that
// moves bytes or waits for them began and ended. The file named by HOP_TRACE begins with the number
// of entries, in kHeader bytes; an entry is {int64 begin, int64 end, int32 pid, fd, call, result},
// times in nanoseconds of the monotonic clock, which all processes share.
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <ctime>

namespace {

constexpr std::size_t kHeader = 64;

enum class Call : int32_t { kRead = 1, kWrite = 2, kWait = 3 };

struct Entry {
  int64_t begin;
  int64_t end;
  int32_t pid;
  int32_t fd;
  Call call;
  int32_t result;
};

std::atomic<uint64_t>* taken = nullptr;
Entry* entries = nullptr;
std::size_t capacity = 0;
int32_t own_pid = 0;

void remember_pid() { own_pid = ::getpid(); }

__attribute__((constructor)) void open_trace() {
  const char* path = std::getenv("HOP_TRACE");
  if (path == nullptr) return;
  const int fd = ::open(path, O_RDWR | O_CLOEXEC);
  if (fd < 0) return;
  struct stat about {};
  void* mapped = MAP_FAILED;
  if (::fstat(fd, &about) == 0) {
    const auto bytes = static_cast<std::size_t>(about.st_size);
    mapped = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    capacity = (bytes - kHeader) / sizeof(Entry);
  }
  ::close(fd);
  if (mapped == MAP_FAILED) return;
  remember_pid();
  ::pthread_atfork(nullptr, nullptr, remember_pid);
  entries = reinterpret_cast<Entry*>(static_cast<char*>(mapped) + kHeader);
  taken = static_cast<std::atomic<uint64_t>*>(mapped);
}

int64_t now() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

template <typename Function, typename... Arguments>
auto trace(Call call, Function function, int fd, Arguments... arguments) {
  const int64_t begin = now();
  const auto result = function(fd, arguments...);
  if (taken == nullptr) return result;
  const uint64_t number = taken->fetch_add(1, std::memory_order_relaxed);
  if (number < capacity) {
    entries[number] = {begin, now(), own_pid, fd, call, static_cast<int32_t>(result)};
  }
  return result;
}

// The function behind the one of the same name here.
template <typename Function>
Function next(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" {

ssize_t read(int fd, void* to, std::size_t bytes) {
  static const auto real = next<ssize_t (*)(int, void*, std::size_t)>("read");
  return trace(Call::kRead, real, fd, to, bytes);
}

ssize_t recv(int fd, void* to, std::size_t bytes, int flags) {
  static const auto real = next<ssize_t (*)(int, void*, std::size_t, int)>("recv");
  return trace(Call::kRead, real, fd, to, bytes, flags);
}

ssize_t write(int fd, const void* from, std::size_t bytes) {
  static const auto real = next<ssize_t (*)(int, const void*, std::size_t)>("write");
  return trace(Call::kWrite, real, fd, from, bytes);
}

ssize_t send(int fd, const void* from, std::size_t bytes, int flags) {
  static const auto real = next<ssize_t (*)(int, const void*, std::size_t, int)>("send");
  return trace(Call::kWrite, real, fd, from, bytes, flags);
}

ssize_t writev(int fd, const iovec* parts, int count) {
  static const auto real = next<ssize_t (*)(int, const iovec*, int)>("writev");
  return trace(Call::kWrite, real, fd, parts, count);
}

int epoll_wait(int fd, epoll_event* events, int count, int timeout) {
  static const auto real = next<int (*)(int, epoll_event*, int, int)>("epoll_wait");
  return trace(Call::kWait, real, fd, events, count, timeout);
}
}
