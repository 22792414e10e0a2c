// The first packet of a connection: every split, every broken form, and thousands of random ones.
#include "master/startup_packet.h"

#include <doctest/doctest.h>

#include <random>
#include <string>

#include "common/wire.h"

namespace pgring {
namespace {

using namespace std::string_literals;

std::string packet(uint32_t code, const std::string& body) {
  std::string bytes(8, '\0');
  wire::store32(bytes.data(), static_cast<uint32_t>(8 + body.size()));
  wire::store32(bytes.data() + 4, code);
  return bytes + body;
}

const std::string kBody = "user\0alice\0database\0shop\0options\0-c work_mem=4MB\0\0"s;
const std::string kStartup = packet(wire::kProtocol30, kBody);

TEST_CASE("startup: parameters in the order in which they came") {
  const StartupPacket found = decode_startup(kStartup);
  REQUIRE(found.kind == StartupKind::kStartup);
  CHECK(found.length == kStartup.size());
  CHECK(found.minor == 0);
  REQUIRE(found.parameters.size() == 3);
  CHECK(found.parameters[0] == std::pair{"user"s, "alice"s});
  CHECK(found.parameters[1] == std::pair{"database"s, "shop"s});
  CHECK(found.parameters[2] == std::pair{"options"s, "-c work_mem=4MB"s});
}

TEST_CASE("startup: nothing is decided before the packet is there, whatever the split") {
  for (const std::string& whole :
       {kStartup, packet(wire::kSslRequest, ""), packet(wire::kGssEncRequest, ""),
        packet(wire::kCancelRequest, "\0\0\0\5key!"s), packet(2u << 16, "old")}) {
    for (std::size_t length = 0; length < whole.size(); ++length) {
      const StartupPacket part = decode_startup(whole.substr(0, length));
      CHECK(part.kind == StartupKind::kIncomplete);
      CHECK(part.length == 0);
    }
    CHECK(decode_startup(whole).kind != StartupKind::kIncomplete);
    CHECK(decode_startup(whole + "more").length == whole.size());
  }
}

TEST_CASE("startup: requests") {
  CHECK(decode_startup(packet(wire::kSslRequest, "")).kind == StartupKind::kSslRequest);
  CHECK(decode_startup(packet(wire::kGssEncRequest, "")).kind == StartupKind::kGssEncRequest);
  const std::string cancel = packet(wire::kCancelRequest, "\0\0\1\2key!"s);
  const StartupPacket found = decode_startup(cancel);
  CHECK(found.kind == StartupKind::kCancel);
  CHECK(found.cancel_pid == 258);
  CHECK(found.cancel_key == "key!");
}

TEST_CASE("startup: a request for encryption is not answered twice in a row") {
  const std::string ssl = packet(wire::kSslRequest, ""), gss = packet(wire::kGssEncRequest, "");
  CHECK(decode_startup(ssl, StartupKind::kGssEncRequest).kind == StartupKind::kSslRequest);
  CHECK(decode_startup(gss, StartupKind::kSslRequest).kind == StartupKind::kGssEncRequest);
  CHECK(decode_startup(kStartup, StartupKind::kSslRequest).kind == StartupKind::kStartup);
  for (const auto& [bytes, kind] :
       {std::pair{ssl, StartupKind::kSslRequest}, std::pair{gss, StartupKind::kGssEncRequest}}) {
    const StartupPacket found = decode_startup(bytes, kind);
    CHECK(found.kind == StartupKind::kRefused);
    CHECK(found.length == bytes.size());
    CHECK(found.sqlstate == "0A000");
  }
}

TEST_CASE("startup: cancel keys from 4 to 256 bytes") {
  for (const std::size_t size : {0, 3, 4, 32, 256, 257}) {
    const std::string bytes = packet(wire::kCancelRequest, "\0\0\0\1"s + std::string(size, 'k'));
    const bool valid = size >= 4 && size <= 256;
    CHECK(decode_startup(bytes).kind == (valid ? StartupKind::kCancel : StartupKind::kMalformed));
  }
}

TEST_CASE("startup: minor versions and unknown protocol options are reported") {
  const std::string body = "user\0a\0_pq_.one\0x\0_pq_.two\0\0\0"s;
  const StartupPacket found = decode_startup(packet(wire::kProtocol30 + 2, body));
  CHECK(found.kind == StartupKind::kStartup);
  CHECK(found.minor == 2);
  CHECK(found.protocol_options == std::vector{"_pq_.one"s, "_pq_.two"s});
  CHECK(found.parameters.size() == 1);
}

TEST_CASE("startup: what no PostgreSQL client sends") {
  CHECK(decode_startup("GET / HTTP/1.1\r\n\r\n").kind == StartupKind::kMalformed);
  CHECK(decode_startup("\x16\x03\x01\x02\x00\x01\x00\x01"s).kind == StartupKind::kMalformed);
  CHECK(decode_startup("SSH-2.0-OpenSSH_9.2\r\n").kind == StartupKind::kMalformed);
  for (const uint32_t length : {0u, 1u, 4u, 7u, wire::kMaxStartupPacket + 1, 0xffffffffu}) {
    std::string bytes = kStartup;
    wire::store32(bytes.data(), length);
    CHECK(decode_startup(bytes).kind == StartupKind::kMalformed);
    CHECK(decode_startup(bytes.substr(0, 4)).kind == StartupKind::kMalformed);
    CHECK(!decode_startup(bytes).error.empty());
  }
}

TEST_CASE("startup: clients of another age are told so") {
  for (const uint32_t code : {1u << 16, 2u << 16, 4u << 16, 9u << 16}) {
    const StartupPacket found = decode_startup(packet(code, "user\0a\0\0"s));
    CHECK(found.kind == StartupKind::kRefused);
    CHECK(found.sqlstate == "0A000");
    CHECK(found.error.find("unsupported frontend protocol") == 0);
  }
}

TEST_CASE("startup: broken layouts") {
  for (const std::string& body : {""s, "user"s, "user\0"s, "user\0a"s, "user\0a\0"s,
                                  "user\0a\0\0x"s, "user\0a\0b\0"s, "\0\0"s, "user\0a\0\0\0"s}) {
    const StartupPacket found = decode_startup(packet(wire::kProtocol30, body));
    CHECK(found.kind == StartupKind::kRefused);
    CHECK(found.sqlstate == "08P01");
  }
  CHECK(decode_startup(packet(wire::kProtocol30, "\0"s)).kind == StartupKind::kStartup);
}

TEST_CASE("startup: the longest packet") {
  const std::string name(wire::kMaxStartupPacket - 8 - 8, 'n');
  const std::string longest = packet(wire::kProtocol30, "user\0"s + name + "\0\0"s);
  CHECK(longest.size() <= wire::kMaxStartupPacket);
  CHECK(decode_startup(longest).kind == StartupKind::kStartup);
}

TEST_CASE("startup: random damage is survived") {
  std::mt19937 random(1);
  for (int round = 0; round < 50000; ++round) {
    std::string bytes = kStartup;
    for (auto change = random() % 6; change > 0; --change) {
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    bytes.resize(random() % (bytes.size() + 1));
    const StartupPacket found = decode_startup(bytes);
    REQUIRE(found.length <= bytes.size());
    for (const auto& [name, value] : found.parameters) {
      REQUIRE(name.find('\0') == std::string::npos);
      REQUIRE(value.find('\0') == std::string::npos);
    }
  }
}

std::string parsed(std::string_view options) {
  std::vector<std::pair<std::string, std::string>> pairs;
  if (!parse_options(options, pairs)) return "refused";
  std::string text;
  for (const auto& [name, value] : pairs) text += "[" + name + "=" + value + "]";
  return text;
}

TEST_CASE("options: the forms that PostgreSQL's own parser takes") {
  CHECK(parsed("") == "");
  CHECK(parsed("   \t\n ") == "");
  CHECK(parsed("-c a=b") == "[a=b]");
  CHECK(parsed("-ca=b") == "[a=b]");
  CHECK(parsed("--a=b") == "[a=b]");
  CHECK(parsed("  -c a=b   --work-mem=4MB ") == "[a=b][work_mem=4MB]");
  CHECK(parsed("-c a=") == "[a=]");
  CHECK(parsed("-c a=b=c") == "[a=b=c]");
  CHECK(parsed("-c search_path=a,\\ b\\\\c") == "[search_path=a, b\\c]");
  CHECK(parsed("-c my-a=b-c") == "[my_a=b-c]");
  CHECK(parsed("-c a=\\") == "[a=\\]");
}

TEST_CASE("options: whatever else is refused") {
  for (const char* options : {"-c", "-c a", "-c =b", "--", "--a", "--=b", "-B 100", "a=b", "-", "x",
                              "-c a=b -F", "-ca"}) {
    CHECK(parsed(options) == "refused");
  }
}

}  // namespace
}  // namespace pgring
