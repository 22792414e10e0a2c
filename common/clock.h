// Monotonic time in microseconds: comparable between the processes of one machine.
#pragma once

#include <cstdint>
#include <ctime>

namespace pgring {

inline int64_t monotonic_us() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{now.tv_sec} * 1000000 + now.tv_nsec / 1000;
}

}  // namespace pgring
