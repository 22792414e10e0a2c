// gzip by steps, through zlib.
#include "master/logger_compressor.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <utility>

namespace pgring {
namespace {

constexpr std::size_t kStepBytes = 65536;

int errno_or(int otherwise) { return errno != 0 ? errno : otherwise; }

}  // namespace

int LogCompressor::start(const std::string& path) {
  path_ = path;
  in_ = Fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!in_) return errno;
  struct stat status {};
  if (::fstat(in_.get(), &status) != 0) return errno;
  const std::string part = path_ + kUnfinishedSuffix;
  Fd out(::open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
                status.st_mode & 0777));
  if (!out) return errno;
  out_ = gzdopen(out.get(), "wb");
  if (out_ == nullptr) return ENOMEM;
  out.release();  // gzclose() closes it
  return 0;
}

int LogCompressor::step() {
  std::array<char, kStepBytes> chunk;
  errno = 0;
  const ssize_t length = ::read(in_.get(), chunk.data(), chunk.size());
  if (length == 0) return finish();
  if (length < 0 || gzwrite(out_, chunk.data(), static_cast<unsigned>(length)) != length) {
    const int error = errno_or(EIO);
    abandon();
    return error;
  }
  return 0;
}

int LogCompressor::finish() {
  const std::string part = path_ + kUnfinishedSuffix;
  struct stat status {};
  errno = 0;
  bool ok = ::fstat(in_.get(), &status) == 0;
  ok = gzclose(std::exchange(out_, nullptr)) == Z_OK && ok;
  in_.reset();
  // Retention goes by age: the compressed file is as old as what is in it.
  const std::array<timespec, 2> times = {status.st_mtim, status.st_mtim};
  ok = ok && ::utimensat(AT_FDCWD, part.c_str(), times.data(), 0) == 0 &&
       std::rename(part.c_str(), (path_ + ".gz").c_str()) == 0 && ::unlink(path_.c_str()) == 0;
  if (ok) return 0;
  const int error = errno_or(EIO);
  ::unlink(part.c_str());
  return error;
}

void LogCompressor::abandon() {
  if (out_ == nullptr) return;
  gzclose(std::exchange(out_, nullptr));
  in_.reset();
  ::unlink((path_ + kUnfinishedSuffix).c_str());
}

}  // namespace pgring
