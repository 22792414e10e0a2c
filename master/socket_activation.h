// Listening sockets handed over by the service manager: the protocol of sd_listen_fds(3), which is
// descriptors from 3 on, counted by $LISTEN_FDS, meant for the process $LISTEN_PID.
#pragma once

#include <string>
#include <vector>

#include "common/fd.h"

namespace pgring {

struct ActivatedSocket {
  Fd listener;       // listening, non-blocking, closed on exec
  std::string name;  // FileDescriptorName= of the unit, or "unknown"
};

// Takes what is there and clears the variables, so that no child takes it again. Empty when the
// daemon was started in another way. Throws std::runtime_error if a descriptor is not a listening
// stream socket: the unit is then wrong, and silence would leave clients without an answer.
std::vector<ActivatedSocket> take_activated_sockets();

}  // namespace pgring
