// Taking over the service manager's listening sockets.
#include "master/socket_activation.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <optional>
#include <stdexcept>
#include <string_view>

namespace pgring {
namespace {

constexpr int kFirst = 3;
constexpr int kMost = 1024;  // more is a wrong variable, not a unit

std::optional<int> number_in(const char* variable) {
  const char* text = std::getenv(variable);
  if (text == nullptr) return std::nullopt;
  const std::string_view digits(text);
  int number = 0;
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (parsed.ec != std::errc() || parsed.ptr != digits.data() + digits.size()) return std::nullopt;
  return number;
}

bool is_listening_stream(int fd) {
  int type = 0;
  int listening = 0;
  socklen_t length = sizeof(int);
  if (::getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) != 0) return false;
  length = sizeof(int);
  if (::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &length) != 0) return false;
  return type == SOCK_STREAM && listening != 0;
}

// Cuts the first name off a list separated by colons.
std::string next_name(std::string_view* names) {
  const std::size_t end = names->find(':');
  const std::string name(names->substr(0, end));
  names->remove_prefix(end == std::string_view::npos ? names->size() : end + 1);
  return name.empty() ? "unknown" : name;
}

}  // namespace

std::vector<ActivatedSocket> take_activated_sockets() {
  const bool for_us = number_in("LISTEN_PID") == ::getpid();
  const int count = for_us ? number_in("LISTEN_FDS").value_or(0) : 0;
  const char* names_text = std::getenv("LISTEN_FDNAMES");
  const std::string names = names_text != nullptr ? names_text : "";
  for (const char* variable : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) ::unsetenv(variable);
  if (count < 0 || count > kMost) {
    throw std::runtime_error(fmt::format("socket activation: LISTEN_FDS is {}", count));
  }
  std::vector<ActivatedSocket> sockets;
  std::string_view rest = names;
  for (int fd = kFirst; fd < kFirst + count; ++fd) {
    std::string name = next_name(&rest);
    if (!is_listening_stream(fd)) {
      throw std::runtime_error(fmt::format(
          "socket activation: descriptor {} ({}) is not a listening stream socket", fd, name));
    }
    ::fcntl(fd, F_SETFD, FD_CLOEXEC);
    ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
    sockets.push_back({.listener = Fd(fd), .name = std::move(name)});
  }
  return sockets;
}

}  // namespace pgring
