// Appending whole lines to a file.
#include "master/logger_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace pgring {
namespace {

uint64_t count_lines(std::string_view text) {
  return static_cast<uint64_t>(std::count(text.begin(), text.end(), '\n'));
}

}  // namespace

int LogFile::open(const std::string& path) {
  Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0640));
  if (!fd) return errno;
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return errno;
  fd_ = std::move(fd);
  size_ = S_ISREG(status.st_mode) ? static_cast<uint64_t>(status.st_size) : 0;
  modified_before_ = size_ > 0 ? int64_t{status.st_mtime} : 0;
  torn_ = false;
  return 0;
}

void LogFile::close() {
  fd_.reset();
  size_ = 0;
}

// Returns what was not written, with errno set if that is anything.
std::string_view LogFile::write_all(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd_.get(), text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written == 0) errno = EIO;
    if (written <= 0) break;
    text.remove_prefix(static_cast<std::size_t>(written));
    size_ += static_cast<uint64_t>(written);
  }
  return text;
}

LogFile::Flushed LogFile::flush() {
  Flushed result;
  std::string_view rest = pending_;
  if (torn_ && !pending_.empty()) torn_ = !write_all("\n").empty();
  if (!torn_) rest = write_all(pending_);
  if (!rest.empty()) result.error = errno;
  const std::string_view done(pending_.data(), pending_.size() - rest.size());
  result.lines = count_lines(done);
  result.lost = count_lines(rest);
  if (!rest.empty() && !done.empty() && done.back() != '\n') {
    const std::size_t last_newline = done.rfind('\n');
    cut_torn_line(done.size() - (last_newline == std::string_view::npos ? 0 : last_newline + 1));
  }
  pending_.clear();
  return result;
}

void LogFile::cut_torn_line(std::size_t bytes) {
  struct stat status {};
  torn_ = true;
  if (::fstat(fd_.get(), &status) != 0 || !S_ISREG(status.st_mode)) return;
  if (::ftruncate(fd_.get(), status.st_size - static_cast<off_t>(bytes)) != 0) return;
  size_ -= bytes;
  torn_ = false;
}

}  // namespace pgring
