// What the micro benchmarks have in common: forked children, percentiles, and one line per figure:
// name, value and unit with tabs between them.
#pragma once

#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

namespace pgring::bench {

using Clock = std::chrono::steady_clock;

inline double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

inline void report(const std::string& name, double value, const char* unit) {
  std::printf("%s\t%.6g\t%s\n", name.c_str(), value, unit);
  std::fflush(stdout);
}

// Runs `work` in a child of this process, which ends with it.
template <typename Work>
pid_t fork_child(Work&& work) {
  const pid_t pid = ::fork();
  if (pid < 0) {
    std::perror("fork");
    std::exit(1);
  }
  if (pid > 0) return pid;
  std::forward<Work>(work)();
  ::_exit(0);
}

inline void wait_child(pid_t pid) {
  int status = 0;
  if (::waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    std::fprintf(stderr, "a child of the benchmark failed\n");
    std::exit(1);
  }
}

inline double percentile(std::vector<double>& values, double share) {
  std::sort(values.begin(), values.end());
  const auto at = static_cast<std::size_t>(share * static_cast<double>(values.size()));
  return values[std::min(at, values.size() - 1)];
}

// Waits a little without giving the core away, then gives it away: there may be fewer cores than
// processes.
class Backoff {
 public:
  void wait() {
    if (++turns_ > kSpins) ::sched_yield();
  }
  void reset() { turns_ = 0; }

 private:
  static constexpr int kSpins = 200;
  int turns_ = 0;
};

}  // namespace pgring::bench
