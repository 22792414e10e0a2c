// Log files: opening, trying again, turning over.
#include "master/logger_file_sink.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

namespace pgring {
namespace {

constexpr int64_t kSecond = 1'000'000;
constexpr std::size_t kFlushAt = 65536;

}  // namespace

bool FileSink::open(const std::string& path, int64_t now_us) {
  const int error = file_.open(path);
  if (error == 0) {
    path_ = path;
    return true;
  }
  next_try_us_ = now_us + kSecond;
  health().failed(
      fmt::format("log file \"{}\" could not be opened: {}", path, std::strerror(error)));
  return false;
}

void FileSink::write(const LogRecord& /*record*/, std::string_view line, int64_t now_us) {
  if (!file_.is_open() && (now_us < next_try_us_ || !open_first(now_us))) {
    health().lost(1);
    return;
  }
  before_line(line.size(), now_us);
  file_.append(line);
  if (file_.pending() >= kFlushAt) flush();
}

void FileSink::flush() {
  if (file_.pending() == 0) return;
  const LogFile::Flushed flushed = file_.flush();
  if (flushed.error == 0) {
    health().works();
    return;
  }
  health().failed(
      fmt::format("log file \"{}\" could not be written: {}", path_, std::strerror(flushed.error)));
  health().lost(flushed.lost);
}

// The old file stays in use until the new one is open: nothing is lost if it cannot be.
void FileSink::reopen(int64_t now_us) {
  flush();
  if (file_.is_open()) {
    open(path_, now_us);
  } else {
    next_try_us_ = now_us;
  }
}

RotatingFileSink::RotatingFileSink(const LogConfig& config)
    : FileSink({}),
      directory_(config.directory),
      name_(config.filename),
      rotation_age_us_(config.rotation_age.count()),
      rotation_size_(config.rotation_size),
      archive_(directory_, name_, {config.retention_count, config.retention_age, config.compress}) {
}

int64_t RotatingFileSink::period_of(int64_t time_us) const {
  return rotation_age_us_ > 0 ? time_us / rotation_age_us_ : 0;
}

std::string RotatingFileSink::current_name() const {
  return path().empty() ? std::string() : path().substr(directory_.size() + 1);
}

bool RotatingFileSink::open_first(int64_t now_us) {
  ::mkdir(directory_.c_str(), 0750);  // if it failed open() says why
  if (!open(directory_ + '/' + name_.expand(now_us), now_us)) return false;
  // A file that was there before belongs to the time it was last written in.
  const int64_t before = file().modified_before();
  period_ = period_of(before != 0 ? before * kSecond : now_us);
  tidy(now_us);
  return true;
}

bool RotatingFileSink::due(std::size_t length, int64_t now_us) const {
  if (now_us < not_before_us_) return false;
  if (period_of(now_us) != period_) return true;
  return rotation_size_ > 0 && file().size() > 0 && file().size() + length > rotation_size_;
}

void RotatingFileSink::before_line(std::size_t length, int64_t now_us) {
  // Twice at most: a file that was there already under the next name can be full or old as well.
  for (int i = 0; i < 2 && due(length, now_us); ++i) turn_over(now_us);
}

void RotatingFileSink::turn_over(int64_t now_us) {
  flush();
  const std::string next = directory_ + '/' + name_.expand(now_us);
  if (next == path()) {
    const std::string aside = fmt::format("{}.{}", next, archive_.next_number(current_name()));
    if (std::rename(next.c_str(), aside.c_str()) != 0 && errno != ENOENT) {
      health().notice(fmt::format("log file \"{}\" could not be renamed: {}; it grows on", next,
                                  std::strerror(errno)));
      not_before_us_ = now_us + 60 * kSecond;
      return;
    }
  }
  if (!open_first(now_us)) not_before_us_ = now_us + kSecond;
}

void RotatingFileSink::tidy(int64_t now_us) {
  std::vector<std::string> problems;
  archive_.tidy(current_name(), now_us, problems);
  next_tidy_us_ = now_us + 60 * kSecond;  // files grow old without being turned over
  tell(problems);
}

bool RotatingFileSink::work(int64_t now_us) {
  if (file().is_open() && now_us >= next_tidy_us_) tidy(now_us);
  std::vector<std::string> problems;
  const bool more = archive_.work(problems);
  tell(problems);
  return more;
}

void RotatingFileSink::tell(std::vector<std::string>& problems) {
  for (std::string& problem : problems) health().notice(std::move(problem));
}

}  // namespace pgring
