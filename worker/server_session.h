// What is known about the state of one database session beyond the line of units: parameters,
// prepared statements, whose unnamed statement it has.
#pragma once

#include <cstdint>

#include "common/task.h"
#include "worker/parameters.h"
#include "worker/prepared_cache.h"
#include "worker/reply_script.h"

namespace pgring {

struct ServerSession {
  ParameterTable parameters;
  PreparedCache prepared;
  ReplyScript script{64};
  uint32_t max_prepared = 200;
  // The owner of the unnamed statement: a client and the master's serial of its Parse.
  uint32_t unnamed_client = kNoClient;
  uint64_t unnamed_serial = 0;

  void forget_unnamed() { unnamed_client = kNoClient; }
};

}  // namespace pgring
