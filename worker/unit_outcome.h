// What becomes of the units in line when their database connection dies.
#pragma once

#include <cstdint>
#include <string_view>

#include "worker/unit.h"

namespace pgring {

enum class Outcome : uint8_t {
  kNone,     // an internal unit: nobody is told
  kRetry,    // put back: nothing has happened, or it may happen again
  kUnknown,  // 08007: whether it took effect is unknown; the client stays
  kLost,     // the client is closed: with 08006, the server's own FATAL, or without a word
};

struct Loss {
  bool linked;          // the connection belonged to this client alone
  bool reached_socket;  // at least one byte of the unit was handed to the kernel
  bool server_fatal;    // the server said goodbye with a FATAL and this unit was at the front
  bool repeatable;      // its payload is still there as a whole, and it has not been tried too often
  bool behind;          // another's unit was at the front: this one cannot be to blame
};

constexpr Outcome outcome_of(const Unit& unit, const Loss& loss) {
  if (unit.purpose != UnitPurpose::kTask) return Outcome::kNone;
  if (loss.linked || unit.forwarded > 0 || unit.terminates) return Outcome::kLost;
  const bool harmless = !loss.reached_socket || unit.traffic == TaskTraffic::kIndependentRead;
  if (harmless && loss.repeatable) return Outcome::kRetry;
  return loss.server_fatal ? Outcome::kLost : Outcome::kUnknown;
}

}  // namespace pgring
