// What each client is doing, and how many of them by lane. Counted by looking at all clients, a few
// times a second and for SHOW: on the path of a query nothing is kept up to date.
#pragma once

#include <cstdint>
#include <vector>

#include "master/client.h"
#include "master/context.h"

namespace pgring {

enum class ClientActivity : uint8_t {
  kLogin,    // its first packet, or the server's parameters, are awaited
  kIdle,     // asks nothing and holds no connection
  kActive,   // its statement runs, or it holds a connection
  kWaiting,  // its statement waits for a connection
  kClosing,
};
ClientActivity activity_of(const Client& client, const Context& context);

struct LaneCensus {
  uint32_t active = 0;
  uint32_t waiting = 0;
  uint32_t idle = 0;
  int64_t oldest_waiting_since = 0;  // monotonic us; 0: nobody waits
};

using ClientTable = std::vector<std::unique_ptr<Client>>;

// By lane.
std::vector<LaneCensus> count_clients(const ClientTable& clients, const Context& context);
// Writes it to the lanes' LaneStats for the other processes.
void publish_census(const ClientTable& clients, Context& context);

}  // namespace pgring
