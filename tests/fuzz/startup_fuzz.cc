// The first packet of anyone on the network.
#include "master/startup_packet.h"
#include "tests/fuzz/fuzz_target.h"

PGRING_FUZZ_TARGET(startup) {
  using namespace pgring;
  const StartupPacket packet = decode_startup(bytes);
  fuzz::require(packet.length <= bytes.size(), "a packet is not longer than what has come");
  fuzz::require((packet.kind == StartupKind::kIncomplete ||
                 packet.kind == StartupKind::kMalformed) == (packet.length == 0),
                "a packet that was understood has a length");
  if (packet.kind != StartupKind::kStartup) return;
  // The whole was decided on by its own bytes alone.
  const StartupPacket again = decode_startup(bytes.substr(0, packet.length));
  fuzz::require(again.parameters == packet.parameters, "what follows a packet does not change it");
}
