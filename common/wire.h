// PostgreSQL's frontend/backend protocol, version 3: numbers on the wire and the building of the
// messages that pgring makes itself. Source: PostgreSQL manual, chapter "Frontend/Backend
// Protocol".
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace pgring::wire {

constexpr uint32_t kProtocol30 = 3u << 16;
constexpr uint32_t kCancelRequest = 1234u << 16 | 5678;
constexpr uint32_t kSslRequest = 1234u << 16 | 5679;
constexpr uint32_t kGssEncRequest = 1234u << 16 | 5680;
// PostgreSQL's own limit of a startup packet (MAX_STARTUP_PACKET_LENGTH).
constexpr uint32_t kMaxStartupPacket = 10000;

// Network byte order is big-endian on every machine.
constexpr uint32_t network32(uint32_t value) {
  if constexpr (std::endian::native == std::endian::little) return __builtin_bswap32(value);
  return value;
}
inline uint32_t load32(const char* at) {
  uint32_t value;
  std::memcpy(&value, at, 4);
  return network32(value);
}
inline void store32(char* at, uint32_t value) {
  value = network32(value);
  std::memcpy(at, &value, 4);
}
inline uint16_t load16(const char* at) {
  return static_cast<uint16_t>(static_cast<unsigned char>(at[0]) << 8 |
                               static_cast<unsigned char>(at[1]));
}

// Builds messages at the end of a byte vector; reads like the protocol manual:
//   Builder(out, 'E').text("S").text("FATAL")...
// The length is filled in by the destructor.
class Builder {
 public:
  Builder(std::vector<char>& out, char type);
  ~Builder();
  Builder(const Builder&) = delete;
  Builder& operator=(const Builder&) = delete;

  Builder& byte(char value);
  Builder& int16(uint16_t value);
  Builder& int32(uint32_t value);
  Builder& text(std::string_view value);  // with its terminating NUL
  Builder& bytes(std::string_view value);

 private:
  std::vector<char>& out_;
  std::size_t start_;
};

// An ErrorResponse or, with type 'N', a NoticeResponse of pgring's own.
struct ErrorFields {
  std::string_view severity = "ERROR";
  std::string_view sqlstate;
  std::string_view message;
  std::string_view detail = {};
  std::string_view hint = {};
};
void append_error(std::vector<char>& out, const ErrorFields& fields, char type = 'E');
void append_ready(std::vector<char>& out, char status);
void append_parameter_status(std::vector<char>& out, std::string_view name, std::string_view value);

// The value of field `code` ('C' SQLSTATE, 'M' message, 'S' severity …) of an ErrorResponse's body
// (without type and length); empty where it is absent or the body is malformed.
std::string_view error_field(std::string_view body, char code);

}  // namespace pgring::wire
