// A fuzz target: a function over arbitrary bytes that must neither crash nor break what it asserts.
// `make fuzz` builds each alone with libFuzzer; the unit tests replay the corpus and damage it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <vector>

namespace pgring::fuzz {

using Target = void (*)(std::string_view bytes);

struct NamedTarget {
  std::string_view name;
  Target run;
};

inline std::vector<NamedTarget>& targets() {
  static std::vector<NamedTarget> all;
  return all;
}

inline bool add_target(std::string_view name, Target run) {
  targets().push_back({name, run});
  return true;
}

// What must hold; libFuzzer and the replay both see the abort.
inline void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

}  // namespace pgring::fuzz

#ifdef PGRING_FUZZ_ALONE
#define PGRING_FUZZ_TARGET(name)                                                 \
  static void run_##name(std::string_view bytes);                                \
  extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) { \
    run_##name({reinterpret_cast<const char*>(data), size});                     \
    return 0;                                                                    \
  }                                                                              \
  static void run_##name(std::string_view bytes)
#else
#define PGRING_FUZZ_TARGET(name)                                                \
  static void run_##name(std::string_view bytes);                               \
  static const bool added_##name = pgring::fuzz::add_target(#name, run_##name); \
  static void run_##name(std::string_view bytes)
#endif
