// The file sinks: `logfile`, one fixed name that others turn over (logrotate and SIGHUP), and the
// files of log_directory, turned over here by size and time.
#pragma once

#include <cstdint>
#include <string>

#include "common/log_file_name.h"
#include "master/logger_archive.h"
#include "master/logger_config.h"
#include "master/logger_file.h"
#include "master/logger_sink.h"

namespace pgring {

// Appends to one file. What cannot be written is counted; opening is tried again each second.
class FileSink : public LogSink {
 public:
  explicit FileSink(std::string path) : path_(std::move(path)) {}

  void write(const LogRecord& record, std::string_view line, int64_t now_us) override;
  void flush() override;
  void reopen(int64_t now_us) override;

 protected:
  const std::string& path() const { return path_; }
  const LogFile& file() const { return file_; }
  bool open(const std::string& path, int64_t now_us);

  // Called before each line: the place to go over to another file.
  virtual void before_line(std::size_t /*length*/, int64_t /*now_us*/) {}
  virtual bool open_first(int64_t now_us) { return open(path_, now_us); }

 private:
  std::string path_;
  LogFile file_;
  int64_t next_try_us_ = 0;
};

class RotatingFileSink : public FileSink {
 public:
  // Throws std::invalid_argument for a bad log_filename.
  explicit RotatingFileSink(const LogConfig& config);

  bool work(int64_t now_us) override;

 private:
  void before_line(std::size_t length, int64_t now_us) override;
  bool open_first(int64_t now_us) override;
  bool due(std::size_t length, int64_t now_us) const;
  void turn_over(int64_t now_us);
  void tidy(int64_t now_us);
  int64_t period_of(int64_t time_us) const;
  std::string current_name() const;
  void tell(std::vector<std::string>& problems);

  std::string directory_;
  LogFileName name_;
  int64_t rotation_age_us_;
  uint64_t rotation_size_;
  LogArchive archive_;
  int64_t period_ = 0;  // of the current file, in units of the rotation age
  int64_t not_before_us_ = 0;
  int64_t next_tidy_us_ = 0;
};

}  // namespace pgring
