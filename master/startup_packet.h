// The first packet of a connection: startup, cancel, TLS or GSS request. A pure decoder over bytes
// from anyone on the network. Source: PostgreSQL manual, "Message Formats", StartupMessage.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pgring {

enum class StartupKind : uint8_t {
  kIncomplete,  // more bytes are needed
  kMalformed,   // no PostgreSQL client: close without a word; `error` is for the log
  kRefused,     // `sqlstate` and `error` are for the client
  kSslRequest,
  kGssEncRequest,
  kCancel,
  kStartup,
};

struct StartupPacket {
  StartupKind kind = StartupKind::kIncomplete;
  uint32_t length = 0;  // of the packet; 0 while incomplete
  std::string error;
  std::string_view sqlstate;

  // kCancel
  uint32_t cancel_pid = 0;
  std::string_view cancel_key;

  // kStartup
  uint16_t minor = 0;  // asked for; 0 is spoken
  std::vector<std::pair<std::string, std::string>> parameters;
  std::vector<std::string> protocol_options;  // unknown ones, all that begin with "_pq_."
};

// `declined` is the request that was answered just before. The same once more is taken for a
// version of the protocol that is not spoken, as PostgreSQL takes it.
StartupPacket decode_startup(std::string_view bytes,
                             StartupKind declined = StartupKind::kIncomplete);

// Cuts the value of the startup parameter "options" into name/value pairs: -c name=value,
// --name=value; a backslash makes the next character literal. False where it holds anything else.
bool parse_options(std::string_view options,
                   std::vector<std::pair<std::string, std::string>>& pairs);

}  // namespace pgring
