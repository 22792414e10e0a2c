// The platform functions, by what other files rely on.
#include "common/platform.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>

namespace pgring {
namespace {

bool nonblocking(int fd) { return (::fcntl(fd, F_GETFL) & O_NONBLOCK) != 0; }
bool closed_on_exec(int fd) { return (::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0; }

struct TcpListener {
  Fd fd{::socket(AF_INET, SOCK_STREAM, 0)};
  sockaddr_in address{};
  TcpListener() {
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    REQUIRE(::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), length) == 0);
    REQUIRE(::listen(fd.get(), 5) == 0);
    REQUIRE(::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &length) == 0);
    REQUIRE(::fcntl(fd.get(), F_SETFL, O_NONBLOCK) == 0);
  }
  Fd connect() const {
    Fd client(::socket(AF_INET, SOCK_STREAM, 0));
    REQUIRE(::connect(client.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) ==
            0);
    return client;
  }
};

}  // namespace

TEST_CASE("an accepted connection does not block and is closed on exec") {
  const TcpListener listener;
  sockaddr_storage peer{};
  socklen_t length = sizeof peer;
  errno = 0;
  CHECK_FALSE(accept_connection(listener.fd.get(), &peer, &length));
  CHECK((errno == EAGAIN || errno == EWOULDBLOCK));

  const Fd client = listener.connect();
  const Fd server = accept_connection(listener.fd.get(), &peer, &length);
  REQUIRE(server);
  CHECK(nonblocking(server.get()));
  CHECK(closed_on_exec(server.get()));
  CHECK(peer.ss_family == AF_INET);
  CHECK(length == sizeof(sockaddr_in));

  const Fd second_client = listener.connect();
  CHECK(accept_connection(listener.fd.get(), nullptr, nullptr));
}

TEST_CASE("pipes are closed on exec and block only when asked to") {
  const Pipe blocking = make_pipe(PipeMode::kBlocking);
  const Pipe not_blocking = make_pipe(PipeMode::kNonBlocking);
  for (const Pipe* pipe : {&blocking, &not_blocking}) {
    for (const int fd : {pipe->read.get(), pipe->write.get()}) {
      CHECK(closed_on_exec(fd));
      CHECK(nonblocking(fd) == (pipe == &not_blocking));
    }
  }
}

TEST_CASE("a pipe's size is what the system says it is") {
  const Pipe pipe = make_pipe(PipeMode::kNonBlocking);
  const std::size_t size = set_pipe_size(pipe.write.get(), 256 * 1024);
  if (size == 0) return;  // this system does not tell
  const std::array<char, 4096> page{};
  std::size_t written = 0;
  for (ssize_t n = 0; (n = ::write(pipe.write.get(), page.data(), page.size())) > 0;) {
    written += static_cast<std::size_t>(n);
  }
  CHECK(written == size);
}

TEST_CASE("the peer of a unix-domain connection is known") {
  int ends[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
  const Fd near(ends[0]);
  const Fd far(ends[1]);
  const auto peer = peer_credentials(near.get());
  REQUIRE(peer.has_value());
  CHECK(peer->uid == ::geteuid());
  CHECK(peer->gid == ::getegid());
  CHECK(peer->pid == ::getpid());
  CHECK_FALSE(peer_credentials(-1).has_value());
}

TEST_CASE("splice moves a pipe's bytes to a socket, or says that there is none") {
  const Pipe pipe = make_pipe(PipeMode::kNonBlocking);
  const TcpListener listener;
  const Fd client = listener.connect();
  const Fd server = accept_connection(listener.fd.get(), nullptr, nullptr);
  errno = 0;
  CHECK(splice_some(pipe.read.get(), server.get(), 100, false) == -1);
  CHECK(errno == (splice_available() ? EAGAIN : ENOSYS));
  REQUIRE(::write(pipe.write.get(), "hello", 5) == 5);
  if (!splice_available()) return;
  CHECK(splice_some(pipe.read.get(), server.get(), 4, true) == 4);
  CHECK(splice_some(pipe.read.get(), server.get(), 4, false) == 1);
  std::array<char, 5> bytes{};
  REQUIRE(::recv(client.get(), bytes.data(), bytes.size(), MSG_WAITALL) == 5);
  CHECK(std::string_view(bytes.data(), 5) == "hello");
}

TEST_CASE("socket options are taken by TCP sockets and refused by pipes") {
  const TcpListener listener;
  const Fd client = listener.connect();
  CHECK(set_keepalive(client.get(), {.idle = 60, .interval = 10, .count = 5}));
  int on = 0;
  socklen_t length = sizeof on;
  REQUIRE(::getsockopt(client.get(), SOL_SOCKET, SO_KEEPALIVE, &on, &length) == 0);
  CHECK(on != 0);
  if (!set_tcp_user_timeout(client.get(), 5'000)) CHECK(errno == ENOPROTOOPT);
  if (!set_tcp_defer_accept(listener.fd.get(), 45)) CHECK(errno == ENOPROTOOPT);

  const Pipe pipe = make_pipe(PipeMode::kBlocking);
  CHECK_FALSE(set_keepalive(pipe.read.get(), {}));
  CHECK_FALSE(set_tcp_user_timeout(pipe.read.get(), 5'000));
  CHECK_FALSE(set_tcp_defer_accept(pipe.read.get(), 45));
}

TEST_CASE("closing descriptors from a number spares those below it") {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const int low = ::fcntl(0, F_DUPFD, 40);
    const int high = ::fcntl(0, F_DUPFD, 90);
    const int last = ::fcntl(0, F_DUPFD, 900);
    close_descriptors_from(90);
    const bool kept = ::fcntl(low, F_GETFD) != -1;
    const bool closed = ::fcntl(high, F_GETFD) == -1 && ::fcntl(last, F_GETFD) == -1;
    ::_exit(low >= 40 && last >= 900 && kept && closed ? 0 : 1);
  }
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
}

TEST_CASE("at least one processor is counted") { CHECK(cpu_count() >= 1); }

}  // namespace pgring
