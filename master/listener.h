// The sockets on which clients arrive: TCP over IPv4 and IPv6, and a unix-domain socket.
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include "common/fd.h"
#include "common/settings.h"
#include "master/socket_activation.h"

namespace pgring {

// What Listeners throws where another socket has the address.
struct AddressInUse : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Listeners {
 public:
  // Binds everything the settings name. Throws std::runtime_error with a sentence that says which
  // address could not be bound and why.
  explicit Listeners(const Settings& settings);
  // Takes sockets that the service manager has bound. Whatever the settings say about listening
  // does not count then, and a unix socket's file is the manager's to remove.
  explicit Listeners(std::vector<ActivatedSocket> activated);
  ~Listeners();
  Listeners(Listeners&&) = default;

  const std::vector<Fd>& sockets() const { return sockets_; }
  // For a process that serves them in a loop of its own.
  std::vector<Fd> release() { return std::move(sockets_); }
  // Stops listening; the unix socket's file is removed.
  void close();
  // In a forked child: the sockets are closed here and stay as they are elsewhere.
  void abandon();
  // Of what is listened on, for the log.
  const std::vector<std::string>& names() const { return names_; }

 private:
  void bind_tcp(const Settings& settings, const std::string& address);
  void bind_unix(const Settings& settings);

  std::vector<Fd> sockets_;
  std::vector<std::string> names_;
  std::string socket_path_;  // to be removed; empty for abstract ones
};

}  // namespace pgring
