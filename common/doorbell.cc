// The wake-up between processes.
#include "common/doorbell.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>

namespace pgring {

Doorbell Doorbell::create() { return Doorbell(make_doorbell_ends()); }

void Doorbell::ring() const {
  const int saved_errno = errno;
  // Eight bytes because an eventfd takes no less. EAGAIN means it is readable already.
  const uint64_t one = 1;
  const int fd = ends_.write ? ends_.write.get() : ends_.read.get();
  [[maybe_unused]] const ssize_t written = ::write(fd, &one, sizeof one);
  errno = saved_errno;
}

void Doorbell::clear() const {
  // An eventfd gives its eight bytes at once; a pipe is drained until a read comes back short.
  std::array<char, 4096> sink;
  ssize_t got = 0;
  do {
    got = ::read(ends_.read.get(), sink.data(), sink.size());
  } while (got == static_cast<ssize_t>(sink.size()) || (got < 0 && errno == EINTR));
}

}  // namespace pgring
