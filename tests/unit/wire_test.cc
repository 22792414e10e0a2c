// Building protocol messages, and reading fields of errors.
#include "common/wire.h"

#include <doctest/doctest.h>

#include <random>
#include <string>

namespace pgring {
namespace {

using namespace std::string_literals;

std::string text_of(const std::vector<char>& bytes) { return {bytes.begin(), bytes.end()}; }

TEST_CASE("wire: numbers lie in network order") {
  char bytes[4];
  wire::store32(bytes, 0x01020304);
  CHECK(std::string(bytes, 4) == "\1\2\3\4");
  CHECK(wire::load32("\xff\0\0\1") == 0xff000001);
  CHECK(wire::load16("\xff\1") == 0xff01);
  for (const uint32_t value : {0u, 1u, 0x80000000u, 0xffffffffu}) {
    wire::store32(bytes, value);
    CHECK(wire::load32(bytes) == value);
  }
}

TEST_CASE("wire: a message's length counts itself and the body") {
  std::vector<char> out = {'x'};
  wire::Builder(out, 'T').int16(0x0102).int32(0x03040506).byte('b').text("ab").bytes("c\0d"s);
  CHECK(text_of(out) == "xT\0\0\0\x11\1\2\3\4\5\6b"s + "ab\0c\0d"s);
  out.clear();
  wire::Builder(out, 'S');
  CHECK(text_of(out) == "S\0\0\0\4"s);
}

TEST_CASE("wire: errors, ready and parameter status as in the manual") {
  std::vector<char> out;
  wire::append_ready(out, 'T');
  CHECK(text_of(out) == "Z\0\0\0\5T"s);
  out.clear();
  wire::append_parameter_status(out, "a", "b");
  CHECK(text_of(out) == "S\0\0\0\10a\0b\0"s);
  out.clear();
  wire::append_error(out, {.sqlstate = "57014", .message = "stop", .detail = "d", .hint = "h"});
  CHECK(text_of(out).substr(5) == "SERROR\0VERROR\0C57014\0Mstop\0Dd\0Hh\0\0"s);
  CHECK(wire::load32(out.data() + 1) + 1 == out.size());
  out.clear();
  wire::append_error(out, {.severity = "NOTICE", .sqlstate = "00000", .message = "m"}, 'N');
  CHECK(out[0] == 'N');
}

TEST_CASE("wire: fields of an error") {
  const std::string body = "SERROR\0C42P01\0Mno such table\0\0"s;
  CHECK(wire::error_field(body, 'C') == "42P01");
  CHECK(wire::error_field(body, 'M') == "no such table");
  CHECK(wire::error_field(body, 'H') == "");
  CHECK(wire::error_field("", 'C') == "");
  CHECK(wire::error_field("C", 'C') == "");
  CHECK(wire::error_field("C1234", 'C') == "");
  CHECK(wire::error_field("\0C1\0"s, 'C') == "");
  CHECK(wire::error_field("C\0M\0\0"s, 'C') == "");
}

TEST_CASE("wire: fields of damaged errors are within them") {
  std::mt19937 random(5);
  for (int round = 0; round < 20000; ++round) {
    std::string body = "SERROR\0VERROR\0C42P01\0Mno such table\0\0"s;
    for (auto change = random() % 5; change > 0; --change) {
      body[random() % body.size()] = static_cast<char>(random() % 3 == 0 ? 0 : random());
    }
    body.resize(random() % (body.size() + 1));
    const std::string_view found = wire::error_field(body, 'M');
    if (found.empty()) continue;
    REQUIRE(found.data() >= body.data());
    REQUIRE(found.data() + found.size() <= body.data() + body.size());
  }
}

}  // namespace
}  // namespace pgring
