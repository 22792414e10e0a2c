// Compresses one finished log file with gzip, in steps short enough to come between two batches of
// records. The result replaces the file only when it is complete, with the file's mode and time.
#pragma once

#include <zlib.h>

#include <string>

#include "common/fd.h"

namespace pgring {

constexpr const char* kUnfinishedSuffix = ".gz.part";

class LogCompressor {
 public:
  LogCompressor() = default;
  ~LogCompressor() { abandon(); }
  LogCompressor(const LogCompressor&) = delete;
  LogCompressor& operator=(const LogCompressor&) = delete;

  // 0 or errno.
  int start(const std::string& path);
  bool busy() const { return out_ != nullptr; }
  const std::string& path() const { return path_; }
  // Stops in the middle; the file is as it was.
  void abandon();
  // 64 KiB of the file; ends the work at its end. 0 or errno; after an error the file is as it was.
  int step();

 private:
  int finish();

  std::string path_;
  Fd in_;
  gzFile out_ = nullptr;
};

}  // namespace pgring
