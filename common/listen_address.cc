// Cutting an address from its port.
#include "common/listen_address.h"

#include "common/settings_entry.h"

namespace pgring {
namespace {

constexpr std::string_view kLoopback = "127.0.0.1";

// Empty where it can be none.
std::string_view host_in(std::string_view text) {
  if (text.starts_with('[') && text.ends_with(']')) return text.substr(1, text.size() - 2);
  const bool plain = text.find_first_of("[]: \t/") == std::string_view::npos;
  return plain ? text : std::string_view();
}

}  // namespace

std::optional<ListenAddress> parse_listen_address(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  const bool bare = colon == std::string_view::npos;
  ListenAddress address;
  if (!parse_value(bare ? text : text.substr(colon + 1), kPort, address.port)) return std::nullopt;
  address.host = bare ? kLoopback : host_in(text.substr(0, colon));
  if (address.host.empty()) return std::nullopt;
  return address;
}

}  // namespace pgring
