// Connecting, asking, reading answers.
#include "master/ctl/connection.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstring>

#include "common/wire.h"

namespace pgring::ctl {
namespace {

// Oids of int8, int2, int4, numeric.
bool is_number(uint32_t type) { return type == 20 || type == 21 || type == 23 || type == 1700; }

std::string text_of(std::string_view error) {
  std::string text(wire::error_field(error, 'M'));
  for (const char code : {'D', 'H'}) {
    const std::string_view more = wire::error_field(error, code);
    if (!more.empty()) text.append("\n").append(more);
  }
  return text;
}

void read_description(std::string_view body, Answer& answer) {
  answer.columns.clear();
  for (body.remove_prefix(2); !body.empty();) {
    const std::size_t end = body.find('\0');
    if (end == std::string_view::npos || body.size() < end + 19) return;
    const uint32_t type = wire::load32(body.data() + end + 7);
    answer.columns.push_back({std::string(body.substr(0, end)), is_number(type)});
    body.remove_prefix(end + 19);
  }
}

void read_row(std::string_view body, Answer& answer) {
  auto& row = answer.rows.emplace_back();
  for (body.remove_prefix(2); body.size() >= 4;) {
    const uint32_t length = wire::load32(body.data());
    body.remove_prefix(4);
    if (length == 0xffffffff) {
      row.emplace_back(std::nullopt);
    } else if (length <= body.size()) {
      row.emplace_back(body.substr(0, length));
      body.remove_prefix(length);
    } else {
      break;
    }
  }
  row.resize(answer.columns.size());
}

}  // namespace

std::string Answer::cell(std::size_t row, std::string_view column) const {
  for (std::size_t i = 0; i < columns.size() && row < rows.size(); ++i) {
    if (columns[i].name == column) return rows[row][i].value_or("");
  }
  return "";
}

int64_t Answer::number(std::size_t row, std::string_view column) const {
  const std::string text = cell(row, column);
  int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::string Answer::find(std::string_view key, std::string_view value,
                         std::string_view column) const {
  for (std::size_t row = 0; row < rows.size(); ++row) {
    if (cell(row, key) == value) return cell(row, column);
  }
  return "";
}

Connection::Connection(const std::string& path, const std::string& user, int timeout_ms)
    : timeout_ms_(timeout_ms) {
  connect(path);
  log_in(user);
}

void Connection::connect(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    throw Unreachable(fmt::format("the name of the socket is too long: {}", path));
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  socklen_t length = sizeof address;
  if (path.starts_with('@')) {
    address.sun_path[0] = '\0';
    length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  }
  fd_ = Fd(::socket(AF_UNIX, SOCK_STREAM, 0));
  if (!fd_ || ::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&address), length) != 0) {
    throw Unreachable(fmt::format("cannot connect to {}: {}", path, strerror(errno)));
  }
}

void Connection::log_in(const std::string& user) {
  std::string packet(8, '\0');
  wire::store32(packet.data() + 4, wire::kProtocol30);
  for (const std::string_view text :
       {std::string_view("user"), std::string_view(user), std::string_view("database"),
        std::string_view("pgring"), std::string_view("application_name"),
        std::string_view("pgringctl")}) {
    packet.append(text).push_back('\0');
  }
  packet.push_back('\0');
  wire::store32(packet.data(), static_cast<uint32_t>(packet.size()));
  send(packet);
  for (;;) {
    const Message message = read_message();
    if (message.type == 'Z') return;
    if (message.type == 'E') throw Unreachable(text_of(message.body));
    if (message.type == 'R' && wire::load32(message.body.data()) != 0) {
      throw Unreachable(
          "the console asks for a password, which pgringctl does not have: run it as "
          "pgring's own system user or root");
    }
  }
}

Answer Connection::ask(std::string_view command) {
  std::vector<char> packet;
  wire::Builder(packet, 'Q').text(command);
  send({packet.data(), packet.size()});
  Answer answer;
  for (;;) {
    const Message message = read_message();
    switch (message.type) {
      case 'T':
        read_description(message.body, answer);
        break;
      case 'D':
        read_row(message.body, answer);
        break;
      case 'C':
        answer.tag = message.body.substr(0, message.body.find('\0'));
        break;
      case 'N':
        answer.notice = text_of(message.body);
        break;
      case 'E':
        answer.error = text_of(message.body);
        break;
      case 'Z':
        return answer;
      default:
        break;
    }
  }
}

bool Connection::wait_for_end() {
  try {
    for (;;) {
      if (!fill(input_.size() + 1)) return true;
      input_.clear();
    }
  } catch (const Unreachable&) {
    return false;
  }
}

void Connection::send(std::string_view bytes) {
  for (std::size_t sent = 0; sent < bytes.size();) {
    const ssize_t count = ::write(fd_.get(), bytes.data() + sent, bytes.size() - sent);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) throw Unreachable(fmt::format("cannot send: {}", strerror(errno)));
    sent += static_cast<std::size_t>(count);
  }
}

Connection::Message Connection::read_message() {
  if (!fill(5)) throw Unreachable("pgring has closed the connection");
  const uint32_t length = wire::load32(input_.data() + 1);
  if (length < 4 || length > (64u << 20)) throw Unreachable("this is not pgring's admin console");
  if (!fill(length + std::size_t{1})) throw Unreachable("pgring has closed the connection");
  Message message{input_.front(), input_.substr(5, length - 4)};
  // Every message but these has at least a count or a code in front.
  if (message.body.size() < 4) message.body.append(4 - message.body.size(), '\0');
  input_.erase(0, length + std::size_t{1});
  return message;
}

// False at the end of the stream.
bool Connection::fill(std::size_t bytes) {
  char buffer[64 * 1024];
  while (input_.size() < bytes) {
    pollfd wait{fd_.get(), POLLIN, 0};
    const int ready = ::poll(&wait, 1, timeout_ms_);
    if (ready < 0 && errno == EINTR) throw Unreachable("interrupted");
    if (ready == 0) throw Unreachable(fmt::format("no answer within {} s", timeout_ms_ / 1000));
    const ssize_t count = ::read(fd_.get(), buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    input_.append(buffer, static_cast<std::size_t>(count));
  }
  return true;
}

}  // namespace pgring::ctl
