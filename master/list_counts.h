// What SHOW LISTS counts, also for the status process.
#pragma once

#include <cstdint>

#include "master/context.h"
#include "master/frontend.h"

namespace pgring {

struct ListCounts {
  uint32_t databases = 0;  // the console's included, as in PgBouncer
  uint32_t users = 0;
  uint32_t pools = 0;  // likewise
  uint32_t free_clients = 0;
  uint32_t used_clients = 0;
  uint32_t login_clients = 0;
  uint32_t console_clients = 0;
  uint32_t used_servers = 0;
};

ListCounts count_lists(Context& context, const Frontend& frontend);

}  // namespace pgring
