// One open log file, to which whole lines are appended. Not built on spdlog's file helper: its
// stdio buffer keeps half of what a full disk refused, and nobody can say which lines arrived.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/fd.h"

namespace pgring {

class LogFile {
 public:
  // Opens for appending, made with mode 0640 if need be. 0, or errno and the file stays as it was.
  int open(const std::string& path);
  void close();
  bool is_open() const { return static_cast<bool>(fd_); }

  // `line` ends in its only newline. Leaves the process with flush(), or earlier.
  void append(std::string_view line) { pending_ += line; }
  // Bytes in the file and still pending.
  uint64_t size() const { return size_ + pending_.size(); }
  std::size_t pending() const { return pending_.size(); }
  // Seconds since 1970 of the last change before open(); 0: the file was empty.
  int64_t modified_before() const { return modified_before_; }

  struct Flushed {
    int error = 0;       // errno
    uint64_t lines = 0;  // written
    uint64_t lost = 0;   // lines that did not arrive
  };
  // Writes what is pending. After an error nothing is pending either, and the file ends in a whole
  // line, or the next flush() begins with a newline where the file cannot be cut.
  Flushed flush();

 private:
  std::string_view write_all(std::string_view text);
  void cut_torn_line(std::size_t bytes);

  Fd fd_;
  std::string pending_;
  uint64_t size_ = 0;
  int64_t modified_before_ = 0;
  bool torn_ = false;
};

}  // namespace pgring
