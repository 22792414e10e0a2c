// What in the kernel's settings would hurt a busy server, and the command that mends it. Printed by
// `pgringd -t` and `pgringctl doctor`; nothing is ever changed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "master/kernel_values.h"

namespace pgring {

// What this server asks of the kernel. Zero: not known, no advice about it.
struct ServerNeeds {
  uint64_t max_client_conn = 0;
  uint64_t server_connections = 0;  // to databases, over all workers
  uint64_t listen_backlog = 0;
  uint64_t listen_port = 0;
  uint64_t shared_bytes = 0;   // the mapping that master and workers share
  bool keepalive_set = false;  // the configuration sets tcp_keepidle, the kernel's is not used
};

struct Advice {
  std::string what;         // "net.core.somaxconn"
  std::string current;      // "128"
  std::string recommended;  // "1024"
  std::string why;          // one sentence
  std::string command;      // to be typed as root
};

std::vector<Advice> advise(const Kernel& kernel, const ServerNeeds& needs);

// Of the running system.
std::vector<Advice> kernel_advice(const ServerNeeds& needs);

// Three lines, each ended.
std::string to_text(const Advice& advice);

}  // namespace pgring
