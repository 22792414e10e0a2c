// Waiting with event ports, port_create(3C), on Solaris and illumos.
//
// An association of a descriptor is one-shot: it is gone once its event was fetched. To be
// level-triggered, wait() first associates again whatever was reported, added or modified since;
// associating a descriptor that is still ready queues its event at once. Doing this late also
// means that a descriptor whose interest changes several times between two waits costs one call.
#include <poll.h>
#include <port.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <system_error>
#include <vector>

#include "common/fd.h"
#include "common/poller_backends.h"

namespace pgring {
namespace {

int poll_bits(Interest interest) {
  const auto wanted = static_cast<unsigned>(interest);
  int bits = 0;
  if (wanted & static_cast<unsigned>(Interest::kRead)) bits |= POLLIN;
  if (wanted & static_cast<unsigned>(Interest::kWrite)) bits |= POLLOUT;
  return bits;
}

class PortPoller final : public Poller {
 public:
  PortPoller() : port_(::port_create()) {
    if (!port_) throw std::system_error(errno, std::generic_category(), "port_create");
  }

  void add(int fd, uint64_t token, Interest interest) override {
    if (fd < 0) throw std::system_error(EBADF, std::generic_category(), "poller add");
    const auto index = static_cast<std::size_t>(fd);
    if (entries_.size() <= index) entries_.resize(index + 1);
    Entry& entry = entries_[index];
    if (entry.known) throw std::system_error(EEXIST, std::generic_category(), "poller add");
    // At once, not in wait(), so that a refusal reaches the caller that can drop the descriptor.
    associate(fd, interest);
    entry.known = true;
    entry.token = token;
    entry.interest = interest;
  }

  void modify(int fd, uint64_t token, Interest interest) override {
    Entry* entry = find(fd);
    if (entry == nullptr) {
      throw std::system_error(ENOENT, std::generic_category(), "poller modify");
    }
    entry->token = token;
    if (entry->interest == interest) return;
    entry->interest = interest;
    arm_later(fd, *entry);
  }

  void remove(int fd) override {
    Entry* entry = find(fd);
    if (entry == nullptr) return;
    // ENOENT is ordinary here: the event was fetched and the descriptor not associated again.
    // An event still in the port's queue is discarded with the association.
    ::port_dissociate(port_.get(), PORT_SOURCE_FD, static_cast<uintptr_t>(fd));
    entry->known = false;
  }

  std::size_t wait(std::span<PollEvent> events, int timeout_ms) override {
    arm();
    if (kernel_events_.size() < events.size()) kernel_events_.resize(events.size());
    const std::size_t fetched = fetch(events.size(), timeout_ms);
    std::size_t count = 0;
    for (std::size_t i = 0; i < fetched; ++i) {
      const port_event_t& event = kernel_events_[i];
      const int fd = static_cast<int>(event.portev_object);
      Entry* entry = event.portev_source == PORT_SOURCE_FD ? find(fd) : nullptr;
      if (entry == nullptr) continue;
      arm_later(fd, *entry);
      events[count++] = to_event(event.portev_events, entry->token);
    }
    return count;
  }

  const char* name() const override { return "event ports"; }

 private:
  struct Entry {
    uint64_t token = 0;
    Interest interest = Interest::kNone;
    bool known = false;    // between add() and remove()
    bool waiting = false;  // listed in to_arm_; may outlive `known`
  };

  static PollEvent to_event(int bits, uint64_t token) {
    const bool hangup = (bits & (POLLHUP | POLLERR | POLLNVAL)) != 0;
    return {.token = token,
            .readable = hangup || (bits & POLLIN) != 0,
            .writable = (bits & POLLOUT) != 0,
            .hangup = hangup};
  }

  Entry* find(int fd) {
    const auto index = static_cast<std::size_t>(fd);
    if (fd < 0 || index >= entries_.size() || !entries_[index].known) return nullptr;
    return &entries_[index];
  }

  void arm_later(int fd, Entry& entry) {
    if (entry.waiting) return;
    entry.waiting = true;
    to_arm_.push_back(fd);
  }

  void arm() {
    while (!to_arm_.empty()) {
      const int fd = to_arm_.back();
      Entry& entry = entries_[static_cast<std::size_t>(fd)];
      // Associating again replaces the former events and discards an event queued for them.
      if (entry.known) associate(fd, entry.interest);
      entry.waiting = false;
      to_arm_.pop_back();
    }
  }

  // No interest still tells of hangups and errors, as with poll(2).
  void associate(int fd, Interest interest) {
    if (::port_associate(port_.get(), PORT_SOURCE_FD, static_cast<uintptr_t>(fd),
                         poll_bits(interest), nullptr) != 0) {
      throw std::system_error(errno, std::generic_category(), "port_associate");
    }
  }

  // Events may come together with ETIME or EINTR, and on some releases the count is then left as
  // it was given, 1. A source of zero, which no event has, tells then that nothing was filled in.
  std::size_t fetch(std::size_t limit, int timeout_ms) {
    timespec timeout{.tv_sec = timeout_ms / 1000, .tv_nsec = timeout_ms % 1000 * 1'000'000L};
    kernel_events_[0].portev_source = 0;
    uint_t count = 1;  // in: how many to wait for; out: how many came
    const int result = ::port_getn(port_.get(), kernel_events_.data(), static_cast<uint_t>(limit),
                                   &count, timeout_ms < 0 ? nullptr : &timeout);
    if (result != 0 && errno != ETIME && errno != EINTR) {
      throw std::system_error(errno, std::generic_category(), "port_getn");
    }
    return std::min<std::size_t>(count, limit);
  }

  Fd port_;
  std::vector<Entry> entries_;               // by descriptor
  std::vector<int> to_arm_;                  // associated by the next wait()
  std::vector<port_event_t> kernel_events_;  // grows to the largest span asked for, then stays
};

}  // namespace

std::unique_ptr<Poller> make_system_poller() { return std::make_unique<PortPoller>(); }

}  // namespace pgring
