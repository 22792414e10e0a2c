// Listening sockets from a service manager. Each test hands them to a child of its own, because
// they must be descriptors 3 and following.
#include "master/socket_activation.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>
#include <stdexcept>

namespace pgring {
namespace {

using Sockets = std::vector<ActivatedSocket>;

// `for_child` false: the variables name another process.
bool holds_in_child(const std::string& count, const std::string& names,
                    const std::function<bool()>& check, bool for_child = true) {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
    const int unconnected = ::socket(AF_INET, SOCK_STREAM, 0);
    if (::listen(listener, 1) != 0) ::_exit(2);
    const int copy = ::fcntl(listener, F_DUPFD, 100);
    const int wrong = ::fcntl(unconnected, F_DUPFD, 100);
    ::dup2(copy, 3);
    ::dup2(copy, 4);
    ::dup2(wrong, 5);
    ::setenv("LISTEN_PID", std::to_string(for_child ? ::getpid() : ::getppid()).c_str(), 1);
    ::setenv("LISTEN_FDS", count.c_str(), 1);
    if (!names.empty()) ::setenv("LISTEN_FDNAMES", names.c_str(), 1);
    bool held = false;
    try {
      held = check();
    } catch (const std::exception&) {
    }
    ::_exit(held && std::getenv("LISTEN_PID") == nullptr && std::getenv("LISTEN_FDS") == nullptr &&
                    std::getenv("LISTEN_FDNAMES") == nullptr
                ? 0
                : 1);
  }
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return status == 0;
}

std::string refusal() {
  try {
    take_activated_sockets();
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("activated sockets are taken, with their names") {
  CHECK(holds_in_child("2", "tcp:unix", [] {
    const Sockets sockets = take_activated_sockets();
    return sockets.size() == 2 && sockets[0].listener.get() == 3 && sockets[0].name == "tcp" &&
           sockets[1].listener.get() == 4 && sockets[1].name == "unix" &&
           ::fcntl(3, F_GETFD) == FD_CLOEXEC && (::fcntl(4, F_GETFL) & O_NONBLOCK) != 0;
  }));
}

TEST_CASE("activated sockets without names are taken too") {
  CHECK(holds_in_child("2", "", [] {
    const Sockets sockets = take_activated_sockets();
    return sockets.size() == 2 && sockets[0].name == "unknown" && sockets[1].name == "unknown";
  }));
}

TEST_CASE("sockets meant for another process are left alone") {
  CHECK(holds_in_child(
      "2", "tcp:unix", [] { return take_activated_sockets().empty() && ::fcntl(3, F_GETFD) == 0; },
      false));
}

TEST_CASE("an activated descriptor that does not listen is refused") {
  CHECK(holds_in_child("3", "a:b:c", [] {
    return refusal() == "socket activation: descriptor 5 (c) is not a listening stream socket";
  }));
}

TEST_CASE("counts of activated sockets that cannot be are refused or nothing") {
  CHECK(holds_in_child("1000000", "", [] { return !refusal().empty(); }));
  CHECK(holds_in_child("-1", "", [] { return !refusal().empty(); }));
  CHECK(holds_in_child("0", "", [] { return take_activated_sockets().empty(); }));
  CHECK(holds_in_child("many", "", [] { return take_activated_sockets().empty(); }));
  CHECK(holds_in_child("2x", "", [] { return take_activated_sockets().empty(); }));
}

}  // namespace pgring
