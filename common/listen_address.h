// "address:port" as one setting. A bare port means the loopback.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace pgring {

struct ListenAddress {
  std::string host;  // a name, an IPv4 or IPv6 address, "*": every address of the machine
  int port = 0;
  bool operator==(const ListenAddress&) const = default;
};

// "9127", "localhost:9127", "*:9127", "[::1]:9127". An IPv6 address needs its brackets, and a colon
// needs a host before it: elsewhere ":9127" means every address, here it must be said.
std::optional<ListenAddress> parse_listen_address(std::string_view text);

}  // namespace pgring
