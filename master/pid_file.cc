// Taking, holding and removing the pid file.
#include "master/pid_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <stdexcept>
#include <string_view>

namespace pgring {
namespace {

[[noreturn]] void fail(const std::string& path, std::string_view what) {
  throw std::runtime_error(fmt::format("pid file {}: {}: {}", path, what, std::strerror(errno)));
}

struct flock whole_file() {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  return lock;
}

std::optional<pid_t> pid_in(int fd) {
  std::array<char, 32> text;
  const ssize_t got = ::pread(fd, text.data(), text.size(), 0);
  pid_t pid = 0;
  if (got <= 0) return std::nullopt;
  const auto parsed = std::from_chars(text.data(), text.data() + got, pid);
  if (parsed.ec != std::errc() || pid <= 0) return std::nullopt;
  return pid;
}

// The lock's owner is unknown (0 or -1) if it lives in another pid namespace or on another host.
std::optional<pid_t> lock_owner(int fd) {
  struct flock lock = whole_file();
  if (::fcntl(fd, F_GETLK, &lock) != 0 || lock.l_type == F_UNLCK) return std::nullopt;
  if (lock.l_pid > 0) return lock.l_pid;
  return pid_in(fd).value_or(-1);
}

// Another pgringd may have removed or replaced the file between our open() and our lock.
bool still_at(const std::string& path, int fd) {
  struct stat opened {};
  struct stat named {};
  return ::fstat(fd, &opened) == 0 && ::stat(path.c_str(), &named) == 0 &&
         opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

Fd open_and_lock(const std::string& path) {
  for (;;) {
    Fd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644));
    if (!file) fail(path, "cannot be opened");
    struct flock lock = whole_file();
    if (::fcntl(file.get(), F_SETLK, &lock) == 0) {
      if (still_at(path, file.get())) return file;
      continue;
    }
    if (errno != EAGAIN && errno != EACCES) fail(path, "cannot be locked");
    const std::optional<pid_t> owner = lock_owner(file.get());
    if (!owner) continue;  // it has ended just now
    throw std::runtime_error(
        fmt::format("pid file {}: pgringd is already running with pid {}", path, *owner));
  }
}

}  // namespace

PidFile::PidFile(std::string path, Fd file)
    : path_(std::move(path)),
      file_(std::move(file)),
      owner_(::getpid()),
      stale_(pid_in(file_.get())) {}

PidFile PidFile::take(const std::string& path) {
  PidFile taken(path, open_and_lock(path));
  const std::string line = fmt::format("{}\n", taken.owner_);
  if (::ftruncate(taken.file_.get(), 0) != 0 ||
      ::pwrite(taken.file_.get(), line.data(), line.size(), 0) !=
          static_cast<ssize_t>(line.size())) {
    fail(path, "cannot be written");
  }
  return taken;
}

std::optional<pid_t> PidFile::holder(const std::string& path) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return std::nullopt;
  return lock_owner(file.get());
}

PidFile::~PidFile() {
  if (!file_ || ::getpid() != owner_ || !still_at(path_, file_.get())) return;
  // The daemon may have given up the right to remove a file there: then it names nobody.
  if (::unlink(path_.c_str()) == 0) return;
  [[maybe_unused]] const int emptied = ::ftruncate(file_.get(), 0);
}

}  // namespace pgring
