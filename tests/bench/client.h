// The little of a client that the load generators need: a trusted login over a unix socket, sending
// messages, and reading to the answer's end without looking at it. Errors end the program.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/fd.h"

namespace pgring::bench {

class Client {
 public:
  // `directory` holds the server's socket. Logs in as postgres to database bench.
  Client(const std::string& directory, int port);

  void send_query(std::string_view sql) const;
  void send(std::string_view messages) const;

  // Reads up to and including ReadyForQuery. Returns the bytes that were read.
  uint64_t read_answer(std::vector<char>& buffer) const;

  int fd() const { return socket_.get(); }

 private:
  Fd socket_;
};

// A message of the protocol.
std::string message(char type, std::string_view body = {});

[[noreturn]] void die(const std::string& what);

}  // namespace pgring::bench
