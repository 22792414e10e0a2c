// What ps shows: "pgringd: master", "pgringd: worker 1". On Linux the title overwrites the argument
// strings of the process and, moved out of the way, the environment behind them; elsewhere nothing
// happens. Made once by main(), inherited by the processes it forks.
#pragma once

#include <cstddef>
#include <string_view>

namespace pgring {

class ProcessTitle {
 public:
  // As given to main(). Moves the environment: pointers that getenv() gave before are to be
  // forgotten, and the strings of argv may not be used after the first set().
  ProcessTitle(int argc, char** argv);
  ProcessTitle(const ProcessTitle&) = delete;
  ProcessTitle& operator=(const ProcessTitle&) = delete;

  // Shows "pgringd: " + role, cut to what there is room for.
  void set(std::string_view role) const;

 private:
  char* area_ = nullptr;  // the kernel's, as long as the process lives
  std::size_t size_ = 0;
};

}  // namespace pgring
