// Writing to standard error without being stopped by it.
#include "master/logger_terminal.h"

#include <limits.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace pgring {
namespace {

// A reader that is only slow gets so much time once; after that nobody waits until it reads again.
constexpr int kPatienceMs = 200;

}  // namespace

bool TerminalSink::writable(int timeout_ms) const {
  pollfd entry{fd_, POLLOUT, 0};
  return ::poll(&entry, 1, timeout_ms) == 1 && (entry.revents & POLLOUT) != 0;
}

void TerminalSink::write(const LogRecord& /*record*/, std::string_view line, int64_t /*now_us*/) {
  std::string_view rest = line;
  while (!rest.empty()) {
    if (!writable(health().failing() ? 0 : kPatienceMs)) break;
    if (torn_) {
      if (::write(fd_, "\n", 1) != 1) break;
      torn_ = false;
      continue;
    }
    // A pipe that polls writable takes PIPE_BUF bytes without blocking.
    const ssize_t written = ::write(fd_, rest.data(), std::min<std::size_t>(rest.size(), PIPE_BUF));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) break;
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  if (rest.empty()) {
    health().works();
    return;
  }
  torn_ = torn_ || rest.size() < line.size();
  health().failed("standard error does not take log lines");
  health().lost(1);
}

}  // namespace pgring
