// pgringctl's connection to the admin console: the simple query protocol over the unix socket,
// blocking. Throws Unreachable where the daemon cannot be talked to.
#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "common/fd.h"

namespace pgring::ctl {

struct Unreachable : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Answer {
  struct Column {
    std::string name;
    bool number = false;
  };
  std::vector<Column> columns;
  std::vector<std::vector<std::optional<std::string>>> rows;
  std::string tag;
  std::string notice;
  std::string error;  // with detail and hint, on lines of their own; empty: none

  // The value in the first row where `key` is `value`; empty text where there is none.
  std::string find(std::string_view key, std::string_view value, std::string_view column) const;
  std::string cell(std::size_t row, std::string_view column) const;
  // 0 where it is no number.
  int64_t number(std::size_t row, std::string_view column) const;
};

class Connection {
 public:
  // `path`: of the socket; "@..." is an abstract one. `timeout_ms` for each answer, -1: none.
  Connection(const std::string& path, const std::string& user, int timeout_ms);

  Answer ask(std::string_view command);
  // For commands that may take as long as they take.
  void set_timeout(int timeout_ms) { timeout_ms_ = timeout_ms; }
  // The daemon has closed the connection. False when the time was up before.
  bool wait_for_end();

 private:
  struct Message {
    char type;
    std::string body;
  };
  void connect(const std::string& path);
  void log_in(const std::string& user);
  void send(std::string_view bytes);
  Message read_message();
  bool fill(std::size_t bytes);

  Fd fd_;
  int timeout_ms_;
  std::string input_;
};

}  // namespace pgring::ctl
