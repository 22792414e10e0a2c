// The datagrams a service manager gets, received by one made for the test.
#include "master/service_notify.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <filesystem>

namespace pgring {
namespace {

struct Manager {
  Fd socket{::socket(AF_UNIX, SOCK_DGRAM, 0)};
  std::string directory = (std::filesystem::temp_directory_path() / "pgring_nfy_XXXXXX").string();
  std::string path;

  explicit Manager(bool abstract = false) {
    REQUIRE(::mkdtemp(directory.data()) != nullptr);
    path = directory + "/notify";
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path + (abstract ? 1 : 0), path.data(), path.size());
    const std::size_t length = offsetof(sockaddr_un, sun_path) + path.size() + 1;
    REQUIRE(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address),
                   static_cast<socklen_t>(length)) == 0);
    ::setenv("NOTIFY_SOCKET", (abstract ? "@" + path : path).c_str(), 1);
  }
  ~Manager() {
    ::unsetenv("NOTIFY_SOCKET");
    std::filesystem::remove_all(directory);
  }

  std::string received() const {
    std::array<char, 4096> datagram;
    const ssize_t got = ::recv(socket.get(), datagram.data(), datagram.size(), MSG_DONTWAIT);
    return got < 0 ? "" : std::string(datagram.data(), static_cast<std::size_t>(got));
  }
};

}  // namespace

TEST_CASE("the service manager hears of start, reload and stop") {
  const Manager manager;
  const ServiceNotify notify = ServiceNotify::from_environment();
  REQUIRE(notify.listened_to());
  CHECK(std::getenv("NOTIFY_SOCKET") == nullptr);

  notify.ready("listening on port 6432");
  CHECK(manager.received() ==
        fmt::format("READY=1\nMAINPID={}\nSTATUS=listening on port 6432\n", ::getpid()));
  notify.reloading();
  const std::string reloading = manager.received();
  CHECK(reloading.starts_with("RELOADING=1\nMONOTONIC_USEC="));
  CHECK(std::stoull(reloading.substr(reloading.rfind('=') + 1)) > 0);
  notify.stopping("waiting for 3 clients");
  CHECK(manager.received() == "STOPPING=1\nSTATUS=waiting for 3 clients\n");
  notify.status("one\nREADY=1");
  CHECK(manager.received() == "STATUS=one READY=1\n");
}

TEST_CASE("the service manager's socket may have an abstract name") {
  const Manager manager(true);
  const ServiceNotify notify = ServiceNotify::from_environment();
  REQUIRE(notify.listened_to());
  notify.status("here");
  CHECK(manager.received() == "STATUS=here\n");
}

TEST_CASE("without a service manager nothing happens") {
  ::unsetenv("NOTIFY_SOCKET");
  CHECK_FALSE(ServiceNotify::from_environment().listened_to());
  for (const std::string& name : {std::string(), std::string("@"), std::string("relative"),
                                  std::string("/nobody/there"), "/" + std::string(500, 'x')}) {
    ::setenv("NOTIFY_SOCKET", name.c_str(), 1);
    const ServiceNotify notify = ServiceNotify::from_environment();
    CHECK_FALSE(notify.listened_to());
    notify.ready("unheard");
  }
}

TEST_CASE("a service manager that does not read blocks nobody") {
  const Manager manager;
  const ServiceNotify notify = ServiceNotify::from_environment();
  for (int i = 0; i < 10'000; ++i) notify.status("again");
  CHECK(manager.received() == "STATUS=again\n");
}

}  // namespace pgring
