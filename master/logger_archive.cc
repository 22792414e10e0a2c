// Retention and compression of finished log files.
#include "master/logger_archive.h"

#include <dirent.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string_view>
#include <tuple>
#include <utility>

namespace pgring {
namespace {

std::vector<std::string> names_in(const std::string& directory) {
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::opendir(directory.c_str()), ::closedir);
  std::vector<std::string> names;
  if (!stream) return names;
  while (const dirent* entry = ::readdir(stream.get())) names.emplace_back(entry->d_name);
  return names;
}

int64_t microseconds(const timespec& time) {
  return int64_t{time.tv_sec} * 1'000'000 + time.tv_nsec / 1000;
}

}  // namespace

LogArchive::LogArchive(std::string directory, LogFileName name, Limits limits)
    : directory_(std::move(directory)), name_(std::move(name)), limits_(limits) {
  remove_unfinished();
}

std::vector<LogArchive::File> LogArchive::finished_files(const std::string& current) const {
  std::vector<File> files;
  for (std::string& name : names_in(directory_)) {
    struct stat status {};
    if (name == current || !name_.matches(name)) continue;
    if (::lstat((directory_ + '/' + name).c_str(), &status) != 0) continue;
    if (S_ISREG(status.st_mode)) {
      files.push_back({std::move(name), microseconds(status.st_mtim)});
    }
  }
  std::sort(files.begin(), files.end(), [](const File& a, const File& b) {
    return std::tie(a.modified_us, a.name) > std::tie(b.modified_us, b.name);
  });
  return files;  // the youngest first
}

void LogArchive::tidy(const std::string& current, int64_t now_us,
                      std::vector<std::string>& problems) {
  std::vector<File> files = finished_files(current);
  const std::size_t kept_by_count =
      limits_.count > 0 ? static_cast<std::size_t>(limits_.count - 1) : files.size();
  to_compress_.clear();
  for (std::size_t i = 0; i < files.size(); ++i) {
    const bool old = limits_.age.count() > 0 && files[i].modified_us < now_us - limits_.age.count();
    const std::string path = directory_ + '/' + files[i].name;
    if (i >= kept_by_count || old) {
      // Else its end would bring the file back.
      if (compressor_.busy() && compressor_.path() == path) compressor_.abandon();
      remove(files[i].name, problems);
    } else if (limits_.compress && !files[i].name.ends_with(".gz") &&
               !(compressor_.busy() && compressor_.path() == path)) {
      to_compress_.push_back(path);
    }
  }
}

bool LogArchive::work(std::vector<std::string>& problems) {
  int error = 0;
  if (compressor_.busy()) {
    error = compressor_.step();
  } else if (!to_compress_.empty()) {
    const std::string path = std::move(to_compress_.back());
    to_compress_.pop_back();
    error = compressor_.start(path);
  }
  if (error != 0) {
    problems.push_back(fmt::format("could not compress log file \"{}\": {}; it stays as it is",
                                   compressor_.path(), std::strerror(error)));
  }
  return compressor_.busy() || !to_compress_.empty();
}

unsigned LogArchive::next_number(const std::string& base) const {
  unsigned highest = 0;
  for (const std::string& name : names_in(directory_)) {
    highest = std::max(highest, log_file_number(base, name));
  }
  return highest + 1;
}

void LogArchive::remove(const std::string& name, std::vector<std::string>& problems) const {
  const std::string path = directory_ + '/' + name;
  if (::unlink(path.c_str()) == 0 || errno == ENOENT) return;
  problems.push_back(
      fmt::format("could not delete old log file \"{}\": {}", path, std::strerror(errno)));
}

// What a logger killed while compressing has left; its source is still there.
void LogArchive::remove_unfinished() const {
  const std::string_view suffix = kUnfinishedSuffix;
  for (const std::string& name : names_in(directory_)) {
    if (!name.ends_with(suffix)) continue;
    if (!name_.matches(std::string_view(name).substr(0, name.size() - suffix.size()))) continue;
    ::unlink((directory_ + '/' + name).c_str());
  }
}

}  // namespace pgring
