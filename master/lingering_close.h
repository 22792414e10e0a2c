// Sockets of clients that were refused while they were still sending. The kernel answers the closing
// of a socket with unread input by a reset, at which a client may lose the error that was to tell it
// why: so what it sends is read and dropped until it has closed its side, or for a while.
#pragma once

#include <cstdint>
#include <unordered_map>

#include "common/fd.h"
#include "common/poller.h"

namespace pgring {

class LingeringClose {
 public:
  explicit LingeringClose(Poller& poller) : poller_(poller) {}

  // Everything owed to the client is written; the poller does not know the descriptor.
  void add(Fd fd, int64_t now);
  void on_event(int fd);
  // Closes those that have had their time.
  void tick(int64_t now);
  // In a child of the master: the descriptors are closed, the connections are not.
  void abandon() { sockets_.clear(); }

 private:
  struct Socket {
    Fd fd;
    int64_t until;
  };
  Poller& poller_;
  std::unordered_map<int, Socket> sockets_;  // by descriptor
};

}  // namespace pgring
