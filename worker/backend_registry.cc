// Entering and clearing cancel keys.
#include "worker/backend_registry.h"

#include <cstring>

namespace pgring {

uint32_t BackendRegistry::add(int fd, int32_t pid, uint32_t key, uint32_t lane,
                              std::string_view tls, int64_t now) {
  for (uint32_t i = 0; i < kMaxBackendsPerWorker; ++i) {
    const uint32_t place = (next_ + i) % kMaxBackendsPerWorker;
    BackendKey& entry = slot_.backends[place];
    if (entry.pid.load(std::memory_order_relaxed) != 0) continue;
    entry.address_length = sizeof entry.address;
    if (::getpeername(fd, reinterpret_cast<sockaddr*>(&entry.address), &entry.address_length) !=
        0) {
      return kNone;
    }
    entry.key = key;
    entry.lane = lane;
    entry.local = {};
    socklen_t length = sizeof entry.local;
    if (::getsockname(fd, reinterpret_cast<sockaddr*>(&entry.local), &length) != 0) {
      entry.local = {};
    }
    tls = tls.substr(0, sizeof entry.tls - 1);
    std::memcpy(entry.tls, tls.data(), tls.size());
    entry.tls[tls.size()] = '\0';
    entry.connected_at.store(now, std::memory_order_relaxed);
    entry.request_at.store(0, std::memory_order_relaxed);
    entry.client.store(kNoClient, std::memory_order_relaxed);
    entry.close_needed.store(0, std::memory_order_relaxed);
    // Pairs with the acquire of a successor, who then sees the other fields.
    entry.pid.store(pid, std::memory_order_release);
    next_ = place + 1;
    return place;
  }
  return kNone;
}

void BackendRegistry::remove(uint32_t place) {
  if (place != kNone) slot_.backends[place].pid.store(0, std::memory_order_release);
}

}  // namespace pgring
