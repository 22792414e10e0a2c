// What systems do differently, behind one set of functions: platform_linux.cc, platform_solaris.cc.
// Unless said otherwise a failure returns an empty value or false and leaves errno set.
#pragma once

#include <sys/socket.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>

#include "common/fd.h"

namespace pgring {

// Takes a connection from the backlog: non-blocking, closed on exec. Empty with EAGAIN when there
// is none. `peer` may be null.
Fd accept_connection(int listener, sockaddr_storage* peer, socklen_t* peer_length);

struct Pipe {
  Fd read;
  Fd write;
};

enum class PipeMode { kBlocking, kNonBlocking };

// Both ends are closed on exec. Throws std::system_error.
Pipe make_pipe(PipeMode mode);

// Asks for a pipe's capacity. Returns what it has afterwards, 0 where the system does not tell.
std::size_t set_pipe_size(int fd, std::size_t bytes);

// The two ends of a Doorbell, non-blocking and closed on exec. Where the system has one descriptor
// for both directions (eventfd) it is in `read`, and `write` is empty. Throws std::system_error.
Pipe make_doorbell_ends();

// Who is at the other end of a unix-domain connection, as of its connect().
struct PeerCredentials {
  uid_t uid;
  gid_t gid;
  pid_t pid;
};
std::optional<PeerCredentials> peer_credentials(int fd);

// Moves bytes from a pipe to a socket or another pipe inside the kernel.
bool splice_available();
// Returns the bytes moved, 0 at the pipe's end, or -1 with errno (EAGAIN when either side would
// block; ENOSYS where there is no splice). `more`: further bytes follow at once, do not push.
ssize_t splice_some(int pipe, int to, std::size_t bytes, bool more);

// Keepalive on a TCP socket. Seconds, seconds, probes; a zero leaves the system's own value.
struct Keepalive {
  int idle = 0;
  int interval = 0;
  int count = 0;
};
bool set_keepalive(int fd, const Keepalive& keepalive);

// How long sent bytes may stay unacknowledged before the connection is given up. 0: the default.
bool set_tcp_user_timeout(int fd, int milliseconds);

// The listener reports a connection only when its first bytes are there, or after `seconds`.
// False with ENOPROTOOPT where there is no such thing.
bool set_tcp_defer_accept(int listener, int seconds);

// Closes every descriptor >= first, known or not. For a process about to begin its own life.
void close_descriptors_from(int first);

// How many processors this process may run on, at least 1.
unsigned cpu_count();

// Sleeps for so many microseconds. False, at once, where the system can only sleep much longer.
bool nap(int64_t us);

// How long this process has been ready to run without a processor, and how often it was given one.
struct ProcessorWaits {
  int64_t us;
  uint64_t turns;
};
// False where the system does not count that.
bool processor_waits(ProcessorWaits& waits);

// Whether the scheduler leaves the processor to whoever has it when this process is woken, which
// then finds more to do at once. Children inherit it. Without effect where there is no such thing.
void set_batch_scheduling(bool on);

// Whether ps shows what a process writes over its argument strings (see process_title.h).
bool arguments_are_shown();
// The short name of the calling thread, cut at 15 bytes, where there is such a thing.
void set_thread_name(const char* name);

}  // namespace pgring
