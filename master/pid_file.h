// The pid file: a lock held as long as the daemon lives says that it runs, the content says its
// pid.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "common/fd.h"

namespace pgring {

// The lock is fcntl()'s, which belongs to a process: take it after daemonizing, and never open the
// file again in the process that holds it, since closing any of its descriptors gives the lock up.
class PidFile {
 public:
  // `path` is absolute, for a daemon changes its directory. Throws std::runtime_error with a text
  // for the administrator, which names the pid if another process holds the file.
  static PidFile take(const std::string& path);

  // Who holds the file at `path` now; empty if nobody does or there is none.
  static std::optional<pid_t> holder(const std::string& path);

  PidFile(PidFile&&) = default;
  PidFile& operator=(PidFile&&) = delete;
  // Removes the file, but only in the process that took it: its children inherit the object.
  ~PidFile();

  // The pid that the file still named when it was taken: of a daemon that did not end cleanly.
  std::optional<pid_t> stale() const { return stale_; }

 private:
  PidFile(std::string path, Fd file);

  std::string path_;
  Fd file_;
  pid_t owner_;
  std::optional<pid_t> stale_;
};

}  // namespace pgring
