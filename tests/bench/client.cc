// Logging in and stepping over messages; see "Message Formats" in PostgreSQL's manual.
#include "tests/bench/client.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "common/wire.h"

namespace pgring::bench {
namespace {

constexpr std::size_t kHeader = 5;  // type and length
constexpr std::size_t kLoginBuffer = 4096;

std::string with_length(std::string_view body) {
  std::string message(4, '\0');
  wire::store32(message.data(), static_cast<uint32_t>(body.size() + 4));
  return message.append(body);
}

// Steps over messages that may be cut anywhere.
class Stepper {
 public:
  // True once the ReadyForQuery that ends `bytes` has come.
  bool step(const char* bytes, std::size_t count) {
    while (count > 0) {
      if (rest_ > 0) {
        const std::size_t skipped = std::min<std::size_t>(rest_, count);
        rest_ -= skipped;
        bytes += skipped;
        count -= skipped;
        if (rest_ == 0 && ready_) return true;
        continue;
      }
      header_[have_++] = *bytes++;
      --count;
      if (have_ == kHeader) take_header();
    }
    return false;
  }

 private:
  void take_header() {
    have_ = 0;
    if (header_[0] == 'E') die("the server answers with an error");
    ready_ = header_[0] == 'Z';
    rest_ = wire::load32(header_ + 1) - 4;
  }

  char header_[kHeader] = {};
  std::size_t have_ = 0;
  uint64_t rest_ = 0;
  bool ready_ = false;
};

}  // namespace

void die(const std::string& what) {
  std::fprintf(stderr, "%s\n", what.c_str());
  std::exit(1);
}

std::string message(char type, std::string_view body) { return type + with_length(body); }

Client::Client(const std::string& directory, int port)
    : socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = directory + "/.s.PGSQL." + std::to_string(port);
  if (path.size() >= sizeof address.sun_path) die("too long a path: " + path);
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  if (!socket_ ||
      ::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    die("cannot connect to " + path + ": " + std::strerror(errno));
  }
  using std::string_view_literals::operator""sv;
  send(with_length("\0\3\0\0user\0postgres\0database\0bench\0\0"sv));
  std::vector<char> buffer(kLoginBuffer);
  read_answer(buffer);
}

void Client::send_query(std::string_view sql) const { send(message('Q', std::string(sql) + '\0')); }

uint64_t Client::read_answer(std::vector<char>& buffer) const {
  Stepper stepper;
  uint64_t total = 0;
  while (true) {
    const ssize_t got = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) die(got == 0 ? "the server closes the connection" : std::strerror(errno));
    total += static_cast<uint64_t>(got);
    if (stepper.step(buffer.data(), static_cast<std::size_t>(got))) return total;
  }
}

void Client::send(std::string_view messages) const {
  while (!messages.empty()) {
    const ssize_t sent = ::send(socket_.get(), messages.data(), messages.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) die(std::string("cannot send: ") + std::strerror(errno));
    messages.remove_prefix(static_cast<std::size_t>(sent));
  }
}

}  // namespace pgring::bench
