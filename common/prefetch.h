// Bringing memory into the processor's cache before it is needed. With thousands of clients what
// belongs to one of them has been displaced when its turn comes, and is far away.
#pragma once

#include <cstddef>

namespace pgring {

constexpr std::size_t kCacheLine = 64;

// Hints: they never wait, and nothing need be at the address.
inline void prefetch(const void* address, std::size_t bytes) {
  const char* begin = static_cast<const char*>(address);
  for (std::size_t at = 0; at < bytes; at += kCacheLine) __builtin_prefetch(begin + at);
  __builtin_prefetch(begin + bytes - 1);  // it may begin in the middle of a line
}

// The lines are taken away from other processors as well, for which the first store in each would
// have to wait, and with it whoever reads what was stored after it.
inline void prefetch_to_write(const void* address, std::size_t bytes) {
  const char* begin = static_cast<const char*>(address);
  for (std::size_t at = 0; at < bytes; at += kCacheLine) {
#ifdef __x86_64__
    // The compiler would have to be told that the processor has it; one without takes it for a NOP.
    asm volatile("prefetchw %0" : : "m"(begin[at]));
#else
    __builtin_prefetch(begin + at, 1);
#endif
  }
}

// use(i) for each i below `count`. Some turns before, fetch(i, step) for each step below `steps`,
// in order and apart: a step may follow a pointer that the step before has fetched.
template <typename Fetch, typename Use>
void prefetching(std::size_t count, std::size_t steps, Fetch fetch, Use use) {
  constexpr std::size_t kApart = 2;  // turns, each of which takes longer than a fetch
  const std::size_t ahead = steps * kApart;
  for (std::size_t turn = 0; turn < count + ahead; ++turn) {
    for (std::size_t step = 0; step < steps; ++step) {
      const std::size_t lag = step * kApart;
      if (turn >= lag && turn - lag < count) fetch(turn - lag, step);
    }
    if (turn >= ahead) use(turn - ahead);
  }
}

}  // namespace pgring
