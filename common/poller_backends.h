// Makers of the poller backends, for Poller::create() and for the tests that run every one of them.
#pragma once

#include <memory>

#include "common/poller.h"

namespace pgring {

// poll(2), on every system. Costs O(descriptors) for each wait().
std::unique_ptr<Poller> make_poll_poller();

// The system's own: epoll or event ports, by which of poller_epoll.cc and poller_evport.cc is
// linked. Costs O(events). Throws std::system_error.
std::unique_ptr<Poller> make_system_poller();

}  // namespace pgring
