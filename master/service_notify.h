// Telling the service manager how the daemon is doing: the protocol of sd_notify(3), which is a
// datagram of lines to the socket that $NOTIFY_SOCKET names. Without it every call does nothing.
#pragma once

#include <string>
#include <string_view>

#include "common/fd.h"

namespace pgring {

class ServiceNotify {
 public:
  // Nobody listens.
  ServiceNotify() = default;
  // Takes $NOTIFY_SOCKET out of the environment, so that no child speaks in our name.
  static ServiceNotify from_environment();

  // Start-up, or a reload, is complete. `status` is one line for `systemctl status`.
  void ready(std::string_view status) const;
  // A reload begins; ready() ends it.
  void reloading() const;
  void stopping(std::string_view status) const;
  void status(std::string_view status) const;

  bool listened_to() const { return static_cast<bool>(socket_); }

 private:
  // One datagram, never blocking. A manager that is gone or busy is no reason to do anything else.
  void send(const std::string& lines) const;

  Fd socket_;
};

}  // namespace pgring
