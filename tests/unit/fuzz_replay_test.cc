// Every fuzz target over its corpus, and over the corpus damaged at random with a fixed seed.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>

#include "tests/fuzz/fuzz_target.h"

namespace pgring {
namespace {

constexpr int kMutations = 300;  // of each file

std::string damaged(std::string bytes, std::mt19937& random) {
  for (auto changes = 1 + random() % 8; changes > 0 && !bytes.empty(); --changes) {
    const std::size_t at = random() % bytes.size();
    const std::size_t count = std::min<std::size_t>(random() % 16, bytes.size() - at);
    switch (random() % 5) {
      case 0:
        bytes[at] = static_cast<char>(random());
        break;
      case 1:
        bytes.erase(at, count);
        break;
      case 2:
        bytes.insert(at, bytes.substr(at, count));
        break;
      case 3:
        bytes[at] = static_cast<char>(bytes[at] ^ (1 << random() % 8));
        break;
      default:
        bytes.insert(at, 1 + count, static_cast<char>(random() % 4 == 0 ? random() : 0));
        break;
    }
  }
  return bytes;
}

TEST_CASE("fuzz: the corpus, as it is and damaged") {
  CHECK(fuzz::targets().size() >= 8);
  for (const fuzz::NamedTarget& target : fuzz::targets()) {
    CAPTURE(target.name);
    const auto folder = std::filesystem::path("tests/fuzz/corpus") / target.name;
    REQUIRE(std::filesystem::is_directory(folder));
    std::mt19937 random(42);
    target.run("");
    for (const auto& file : std::filesystem::directory_iterator(folder)) {
      std::ifstream stream(file.path(), std::ios::binary);
      const std::string bytes{std::istreambuf_iterator<char>(stream), {}};
      CAPTURE(file.path().string());
      target.run(bytes);
      for (int i = 0; i < kMutations; ++i) target.run(damaged(bytes, random));
    }
  }
}

}  // namespace
}  // namespace pgring
