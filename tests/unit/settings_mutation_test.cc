// Damaged configuration files: whatever they hold, loading ends with settings or with remarks.
#include <doctest/doctest.h>

#include <algorithm>
#include <random>

#include "tests/unit/settings_fixture.h"

namespace pgring {
namespace {

constexpr std::string_view kSeeds[] = {
    "[databases]\napp = host=127.0.0.1 port=5433 password='it''s' pool_size=7\n* =\n",
    "[users]\nweb = pool_mode=statement query_timeout=5\n[peers]\n1 = host=x\n",
    "[pgring]\nauth_type = trust\nlisten_addr = *\nquery_wait_timeout = 1.5min\n",
    "%include pgring.ini\n; comment\n'quoted name' = \"x\"\nlog_destination = stderr,file\n",
    "payload_memory = 64MB\nunix_socket_mode = 0777\nlog_filename = %Y\nlog_min_duration = -1\n",
};
constexpr std::string_view kPieces[] = {
    "'", "''", "\"", "=",  "[",    "]",    "\n", std::string_view("\0", 1), "%include ",
    "-", "*",  ",",  "\t", "\xC3", "\xFF", "0x", "9999999999999999999999",  "1e999",
    ";"};

// One random cut, copy, byte or piece.
void mutate(std::string& text, std::mt19937& random) {
  const auto below = [&](std::size_t n) { return n == 0 ? 0 : random() % n; };
  const std::size_t at = below(text.size());
  switch (below(4)) {
    case 0:
      text.erase(at, below(12));
      break;
    case 1:
      text.insert(at, text.substr(below(text.size()), below(60)));
      break;
    case 2:
      text.insert(at, 1, static_cast<char>(below(256)));
      break;
    default:
      text.insert(at, kPieces[below(std::size(kPieces))]);
  }
}

}  // namespace

TEST_CASE("settings: no damage to a file is worse than a remark") {
  const ConfigDirectory directory;
  std::mt19937 random(20261123);
  std::size_t refused = 0;
  constexpr std::size_t kRounds = 4000;
  for (std::size_t round = 0; round < kRounds; ++round) {
    std::string text;
    for (std::size_t i = 0; i < 4; ++i) text += kSeeds[random() % std::size(kSeeds)];
    for (std::size_t i = 0; i <= round % 16; ++i) mutate(text, random);
    const LoadResult result = directory.load(text);
    for (const Diagnostic& error : result.errors) REQUIRE(!error.format().empty());
    refused += result.ok() ? 0 : 1;
    REQUIRE(show_settings(result.settings).size() > 100);
  }
  CHECK(refused > kRounds / 2);
}

TEST_CASE("settings: bytes drawn at random are no configuration") {
  const ConfigDirectory directory;
  std::mt19937 random(1);
  for (int round = 0; round < 500; ++round) {
    std::string text(random() % 2000, '\0');
    std::generate(text.begin(), text.end(), [&] { return static_cast<char>(random() % 256); });
    REQUIRE(!directory.load(text).ok());
  }
}

}  // namespace pgring
