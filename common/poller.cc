// Chooses the poller backend.
#include "common/poller.h"

#include <cstdlib>
#include <string_view>

#include "common/poller_backends.h"

namespace pgring {

std::unique_ptr<Poller> Poller::create() {
  const char* forced = std::getenv("POLLER");
  if (forced != nullptr && std::string_view(forced) == "poll") return make_poll_poller();
  return make_system_poller();
}

}  // namespace pgring
