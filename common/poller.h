// Waits for many descriptors at once. One backend per system: epoll (Linux), event ports (Solaris,
// illumos), poll(2) (anywhere; the environment variable POLLER=poll forces it).
//
// Semantics, the same for every backend: level-triggered. A descriptor that is still readable (or
// writable) and still has that interest is reported again by the next wait().
//
// Except with the interest kArrivals: what has been reported may be reported again, or only once
// more arrives. That is for whoever takes all there is each time, which a read tells by giving less
// than was asked for; where it does not, or the event says that the end is near, he asks again with
// modify(). epoll need not look then at each descriptor twice.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace pgring {

// kArrivals has the bit of kRead, for backends that know no difference.
enum class Interest : uint8_t { kNone = 0, kRead = 1, kWrite = 2, kReadWrite = 3, kArrivals = 5 };

struct PollEvent {
  uint64_t token;  // as given to add(); the poller never looks into it
  bool readable;   // data, end of stream or an error to be fetched by read(); set with every hangup
  bool writable;
  bool hangup;  // both directions are gone, or an error is pending; reported whatever the interest
  bool end = false;  // with kArrivals: hangup, or the stream ends behind what can be read
};

class Poller {
 public:
  // The best backend of this system, or poll(2) where POLLER=poll. Throws std::system_error.
  static std::unique_ptr<Poller> create();
  virtual ~Poller() = default;

  // `fd` stays owned by the caller and must be removed before it is closed. Adding twice, modifying
  // an unknown descriptor or lack of resources throws std::system_error; removing an unknown one
  // does nothing. Events already returned by wait() may still name a removed descriptor's token.
  virtual void add(int fd, uint64_t token, Interest interest) = 0;
  virtual void modify(int fd, uint64_t token, Interest interest) = 0;
  virtual void remove(int fd) = 0;

  // Fills `events` (at least one) and returns how many. timeout_ms < 0 waits for ever, 0 only
  // looks. A signal ends the wait early with 0 events.
  virtual std::size_t wait(std::span<PollEvent> events, int timeout_ms) = 0;
  virtual const char* name() const = 0;
};

}  // namespace pgring
