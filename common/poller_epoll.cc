// Waiting with epoll(7), level-triggered but for arrivals: the kernel keeps tokens and interests,
// nothing is kept here.
#include <sys/epoll.h>

#include <cerrno>
#include <system_error>
#include <vector>

#include "common/fd.h"
#include "common/poller_backends.h"

namespace pgring {
namespace {

uint32_t epoll_bits(Interest interest) {
  const auto wanted = static_cast<unsigned>(interest);
  uint32_t bits = 0;
  if (wanted & static_cast<unsigned>(Interest::kRead)) bits |= EPOLLIN;
  if (wanted & static_cast<unsigned>(Interest::kWrite)) bits |= EPOLLOUT;
  if (interest == Interest::kArrivals) bits |= EPOLLET | EPOLLRDHUP;
  return bits;
}

PollEvent to_event(const epoll_event& event) {
  const bool hangup = (event.events & (EPOLLHUP | EPOLLERR)) != 0;
  return {.token = event.data.u64,
          .readable = hangup || (event.events & EPOLLIN) != 0,
          .writable = (event.events & EPOLLOUT) != 0,
          .hangup = hangup,
          .end = hangup || (event.events & EPOLLRDHUP) != 0};
}

class EpollPoller final : public Poller {
 public:
  EpollPoller() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    if (!epoll_) throw std::system_error(errno, std::generic_category(), "epoll_create1");
  }

  void add(int fd, uint64_t token, Interest interest) override {
    control(EPOLL_CTL_ADD, fd, token, interest);
  }

  void modify(int fd, uint64_t token, Interest interest) override {
    control(EPOLL_CTL_MOD, fd, token, interest);
  }

  void remove(int fd) override {
    epoll_event unused{};
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, &unused);
  }

  std::size_t wait(std::span<PollEvent> events, int timeout_ms) override {
    if (kernel_events_.size() < events.size()) kernel_events_.resize(events.size());
    const int ready = ::epoll_wait(epoll_.get(), kernel_events_.data(),
                                   static_cast<int>(events.size()), timeout_ms);
    if (ready < 0) {
      if (errno == EINTR) return 0;
      throw std::system_error(errno, std::generic_category(), "epoll_wait");
    }
    const auto count = static_cast<std::size_t>(ready);
    for (std::size_t i = 0; i < count; ++i) events[i] = to_event(kernel_events_[i]);
    return count;
  }

  const char* name() const override { return "epoll"; }

 private:
  void control(int operation, int fd, uint64_t token, Interest interest) {
    epoll_event event{};
    event.events = epoll_bits(interest);
    event.data.u64 = token;
    if (::epoll_ctl(epoll_.get(), operation, fd, &event) != 0) {
      throw std::system_error(errno, std::generic_category(), "epoll_ctl");
    }
  }

  Fd epoll_;
  std::vector<epoll_event> kernel_events_;  // grows to the largest span asked for, then stays
};

}  // namespace

std::unique_ptr<Poller> make_system_poller() { return std::make_unique<EpollPoller>(); }

}  // namespace pgring
