// Event ports over epoll's one-shot mode, so that the event-port poller runs here: an association
// is used up by its event and has to be made again. Also emulated are the oddities that
// poller_evport.cc must bear: ETIME may come with events, and on ETIME or EINTR without events the
// count is left as it was given.
#include <port.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <vector>

namespace {

struct Association {
  void* user = nullptr;
  bool active = false;
};

struct Port {
  std::map<uintptr_t, Association> associations;
  unsigned deliveries = 0;
};

// By descriptor of the epoll instance. The tests are single-threaded.
std::map<int, Port>& ports() {
  static std::map<int, Port> all;
  return all;
}

int to_milliseconds(const timespec* timeout) {
  if (timeout == nullptr) return -1;
  return static_cast<int>(timeout->tv_sec * 1000 + (timeout->tv_nsec + 999'999) / 1'000'000);
}

}  // namespace

extern "C" int port_create() {
  const int fd = epoll_create1(0);
  if (fd >= 0) ports()[fd] = Port();
  return fd;
}

// The bits of poll(2) and epoll are the same ones.
extern "C" int port_associate(int port, int source, uintptr_t object, int events, void* user) {
  if (source != PORT_SOURCE_FD) {
    errno = EINVAL;
    return -1;
  }
  epoll_event wanted{};
  wanted.events = static_cast<uint32_t>(events) | EPOLLONESHOT;
  wanted.data.u64 = object;
  const int fd = static_cast<int>(object);
  int result = epoll_ctl(port, EPOLL_CTL_MOD, fd, &wanted);
  if (result != 0 && errno == ENOENT) result = epoll_ctl(port, EPOLL_CTL_ADD, fd, &wanted);
  if (result != 0) {
    if (errno == EBADF) errno = EBADFD;
    return -1;
  }
  ports()[port].associations[object] = {.user = user, .active = true};
  return 0;
}

extern "C" int port_dissociate(int port, int, uintptr_t object) {
  Port& state = ports()[port];
  const auto found = state.associations.find(object);
  const bool active = found != state.associations.end() && found->second.active;
  state.associations.erase(object);
  epoll_event unused{};
  epoll_ctl(port, EPOLL_CTL_DEL, static_cast<int>(object), &unused);
  if (active) return 0;
  errno = ENOENT;
  return -1;
}

extern "C" int port_getn(int port, port_event_t list[], uint_t max, uint_t* nget,
                         const timespec* timeout) {
  Port& state = ports()[port];
  std::vector<epoll_event> ready(max);
  const int count = epoll_wait(port, ready.data(), static_cast<int>(max), to_milliseconds(timeout));
  if (count <= 0) {
    if (count == 0) errno = ETIME;
    return -1;
  }
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = ready[static_cast<std::size_t>(i)];
    Association& association = state.associations[event.data.u64];
    association.active = false;
    list[i] = {.portev_events = static_cast<int>(event.events),
               .portev_source = PORT_SOURCE_FD,
               .portev_pad = 0,
               .portev_object = event.data.u64,
               .portev_user = association.user};
  }
  *nget = static_cast<uint_t>(count);
  if (timeout == nullptr || ++state.deliveries % 2 == 0) return 0;
  errno = ETIME;
  return -1;
}
