// What the tests of the logging processes share: a ring in shared memory, children, waiting.
#pragma once

#include <doctest/doctest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>

#include "common/log_ring.h"
#include "common/platform.h"
#include "common/shared_region.h"

namespace pgring {

struct SharedLogRing {
  explicit SharedLogRing(unsigned slots, std::size_t slot_bytes = LogRing::kMinSlotBytes)
      : region(LogRing::bytes_needed(slots, slot_bytes)),
        ring(LogRing::create({reinterpret_cast<std::byte*>(region.data()), region.size()}, slots,
                             slot_bytes)) {}

  SharedRegion region;
  LogRing ring;
};

// A forked process that runs `body` and leaves with what it returns. Killed at the end at the
// latest.
class LogChild {
 public:
  template <typename Body>
  explicit LogChild(Body body) : pid_(::fork()) {
    REQUIRE(pid_ >= 0);
    if (pid_ == 0) ::_exit(body());
  }
  LogChild(LogChild&& other) noexcept : pid_(std::exchange(other.pid_, -1)) {}
  LogChild& operator=(LogChild&& other) noexcept {
    std::swap(pid_, other.pid_);
    return *this;
  }
  ~LogChild() {
    if (pid_ > 0) kill_hard();
  }

  pid_t pid() const { return pid_; }
  void signal(int number) const { REQUIRE(::kill(pid_, number) == 0); }
  void kill_hard() {
    ::kill(pid_, SIGKILL);
    wait();
  }
  // The wait status.
  int wait() {
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) continue;
    pid_ = -1;
    return status;
  }

 private:
  pid_t pid_;
};

template <typename Condition>
bool comes_true(Condition condition, std::chrono::milliseconds limit = std::chrono::seconds(20)) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    ::poll(nullptr, 0, 5);
  }
  return true;
}

inline std::string file_content(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  std::ostringstream content;
  content << stream.rdbuf();
  return content.str();
}

// The sum of all "N log records dropped" in a log.
inline uint64_t reported_drops(const std::string& content) {
  uint64_t sum = 0;
  constexpr std::string_view kText = " log records dropped";
  for (std::size_t at = content.find(kText); at != std::string::npos;
       at = content.find(kText, at + 1)) {
    sum += std::stoull(content.substr(content.rfind(' ', at - 1) + 1));
  }
  return sum;
}

}  // namespace pgring
