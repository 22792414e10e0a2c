// Waiting with poll(2), for systems without anything better: a dense array of pollfd, and a table
// by descriptor that finds a descriptor's place in it, so that only wait() costs O(descriptors).
#include <poll.h>

#include <cerrno>
#include <system_error>
#include <vector>

#include "common/poller_backends.h"

namespace pgring {
namespace {

constexpr std::size_t kNowhere = static_cast<std::size_t>(-1);

short poll_bits(Interest interest) {
  const auto wanted = static_cast<unsigned>(interest);
  int bits = 0;
  if (wanted & static_cast<unsigned>(Interest::kRead)) bits |= POLLIN;
  if (wanted & static_cast<unsigned>(Interest::kWrite)) bits |= POLLOUT;
  return static_cast<short>(bits);
}

PollEvent to_event(const pollfd& entry, uint64_t token) {
  const bool hangup = (entry.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0;
  return {.token = token,
          .readable = hangup || (entry.revents & POLLIN) != 0,
          .writable = (entry.revents & POLLOUT) != 0,
          .hangup = hangup};
}

class PollPoller final : public Poller {
 public:
  void add(int fd, uint64_t token, Interest interest) override {
    if (fd < 0) throw std::system_error(EBADF, std::generic_category(), "poller add");
    const auto index = static_cast<std::size_t>(fd);
    if (place_.size() <= index) place_.resize(index + 1, kNowhere);
    if (place_[index] != kNowhere) {
      throw std::system_error(EEXIST, std::generic_category(), "poller add");
    }
    entries_.push_back({.fd = fd, .events = poll_bits(interest), .revents = 0});
    tokens_.push_back(token);
    place_[index] = entries_.size() - 1;
  }

  void modify(int fd, uint64_t token, Interest interest) override {
    const std::size_t place = find(fd);
    if (place == kNowhere) {
      throw std::system_error(ENOENT, std::generic_category(), "poller modify");
    }
    entries_[place].events = poll_bits(interest);
    tokens_[place] = token;
  }

  void remove(int fd) override {
    const std::size_t place = find(fd);
    if (place == kNowhere) return;
    place_[static_cast<std::size_t>(entries_.back().fd)] = place;
    entries_[place] = entries_.back();
    tokens_[place] = tokens_.back();
    place_[static_cast<std::size_t>(fd)] = kNowhere;
    entries_.pop_back();
    tokens_.pop_back();
  }

  std::size_t wait(std::span<PollEvent> events, int timeout_ms) override {
    const int ready = ::poll(entries_.data(), static_cast<nfds_t>(entries_.size()), timeout_ms);
    if (ready < 0) {
      if (errno == EINTR) return 0;
      throw std::system_error(errno, std::generic_category(), "poll");
    }
    return collect(events, static_cast<std::size_t>(ready));
  }

  const char* name() const override { return "poll"; }

 private:
  std::size_t find(int fd) const {
    const auto index = static_cast<std::size_t>(fd);
    return fd >= 0 && index < place_.size() ? place_[index] : kNowhere;
  }

  // Where `events` is smaller than what is ready, the next call begins behind the last one
  // reported, so that busy descriptors at the front cannot starve those at the back.
  std::size_t collect(std::span<PollEvent> events, std::size_t ready) {
    std::size_t count = 0;
    std::size_t place = next_ < entries_.size() ? next_ : 0;
    for (std::size_t seen = 0; seen < entries_.size(); ++seen) {
      if (count == events.size() || count == ready) break;
      if (entries_[place].revents != 0) events[count++] = to_event(entries_[place], tokens_[place]);
      if (++place == entries_.size()) place = 0;
    }
    next_ = count < ready ? place : 0;
    return count;
  }

  std::vector<pollfd> entries_;
  std::vector<uint64_t> tokens_;    // of entries_, same places
  std::vector<std::size_t> place_;  // by descriptor: its place in entries_, or kNowhere
  std::size_t next_ = 0;            // where the next collect() begins
};

}  // namespace

std::unique_ptr<Poller> make_poll_poller() { return std::make_unique<PollPoller>(); }

}  // namespace pgring
