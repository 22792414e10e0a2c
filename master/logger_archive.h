// The finished log files in log_directory: deletes what retention does not keep, compresses the
// rest. Knows its files by their names (log_file_name.h) and touches no other.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/log_file_name.h"
#include "common/settings.h"
#include "master/logger_compressor.h"

namespace pgring {

class LogArchive {
 public:
  struct Limits {
    int count = 0;   // files kept, the current one included; 0: all
    Duration age{};  // since their last change; 0: for ever
    bool compress = false;
  };
  LogArchive(std::string directory, LogFileName name, Limits limits);

  // Looks at the directory, deletes, and lines up what is to be compressed. `current` is the name
  // of the file being written. Failures are put into `problems`.
  void tidy(const std::string& current, int64_t now_us, std::vector<std::string>& problems);
  // A step of compression. True: there is more to do.
  bool work(std::vector<std::string>& problems);

  // The next free number behind `base` (see log_file_name.h).
  unsigned next_number(const std::string& base) const;

 private:
  struct File {
    std::string name;
    int64_t modified_us;
  };
  std::vector<File> finished_files(const std::string& current) const;
  void remove(const std::string& name, std::vector<std::string>& problems) const;
  void remove_unfinished() const;

  std::string directory_;
  LogFileName name_;
  Limits limits_;
  std::vector<std::string> to_compress_;  // paths, the oldest last
  LogCompressor compressor_;
};

}  // namespace pgring
