// What is known about the state of one database session beyond the line of units: parameters,
// prepared statements, whose unnamed statement it has.
#pragma once

#include <cstdint>

#include "worker/parameters.h"
#include "worker/prepared_cache.h"
#include "worker/reply_script.h"

namespace pgring {

struct ServerSession {
  ParameterTable parameters;
  PreparedCache prepared;
  ReplyScript script{64};
  uint32_t max_prepared = 200;
  bool aborted = false;  // a transaction that has failed is open
  UnnamedOwner unnamed;  // once everything that has been sent is answered

  void forget_unnamed() { unnamed = {}; }
};

}  // namespace pgring
