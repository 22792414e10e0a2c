// From a client's first packet to its first ReadyForQuery.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "common/wire.h"
#include "master/client.h"
#include "master/context.h"
#include "master/dispatcher.h"
#include "master/startup_packet.h"

namespace pgring {

class Frontend;

class Login {
 public:
  Login(Context& context, Dispatcher& dispatcher, Frontend& frontend)
      : context_(context), dispatcher_(dispatcher), frontend_(frontend) {}

  // Looks at the first packet; takes it off `bytes` if it is whole.
  void on_bytes(Client& client, std::string_view& bytes);
  // A connection of `pool` has been opened: `payload` holds its ParameterStatus messages.
  void on_new_connection(Pool& pool, std::string_view payload);
  // The hello of `client` was answered.
  void on_hello(Client& client, std::string_view payload);
  // The server reported changed parameters to the client within `payload`.
  void on_parameter_status(Client& client, std::string_view payload);
  // New clients are refused from now on.
  void shut(std::string message) { shut_ = std::move(message); }
  bool is_shut() const { return !shut_.empty(); }

  // Set by Master: a client of the admin console; its rights are checked there.
  std::function<void(Client& client)> on_console;
  // Set by Master: a CancelRequest has come with this process id and key.
  std::function<void(uint32_t pid, std::string_view key)> on_cancel;

 private:
  void start(Client& client, StartupPacket& packet);
  bool read_parameters(Client& client, StartupPacket& packet, ParameterValues& wanted,
                       std::string& options);
  void negotiate(Client& client, const StartupPacket& packet);
  bool is_tracked(std::string_view name) const;
  void choose_parameters(Client& client, const ParameterValues& wanted);
  void ask_server(Client& client, const ParameterValues& wanted);
  bool adopt(Client& client, const ParameterValues& values);
  void welcome(Client& client, const ParameterValues& values);

  Context& context_;
  Dispatcher& dispatcher_;
  Frontend& frontend_;
  std::string shut_;
};

// Calls `use(name, value)` for each ParameterStatus among whole messages in `bytes`.
template <typename Use>
void for_each_parameter(std::string_view bytes, Use use) {
  while (bytes.size() >= 5) {
    const std::size_t length = wire::load32(bytes.data() + 1) + std::size_t{1};
    if (length < 5 || length > bytes.size()) return;
    if (bytes.front() == 'S') {
      std::string_view body = bytes.substr(5, length - 5);
      const std::size_t name_end = body.find('\0');
      const std::size_t value_end =
          name_end == std::string_view::npos ? name_end : body.find('\0', name_end + 1);
      if (value_end == std::string_view::npos) return;
      use(body.substr(0, name_end), body.substr(name_end + 1, value_end - name_end - 1));
    }
    bytes.remove_prefix(length);
  }
}

}  // namespace pgring
