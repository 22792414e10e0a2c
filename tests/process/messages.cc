// Building the messages that clients send.
#include "tests/process/messages.h"

#include <vector>

#include "common/wire.h"

namespace pgring::test {

std::string message(char type, std::string_view body) {
  std::vector<char> out;
  wire::Builder(out, type).bytes(body);
  return {out.data(), out.size()};
}

std::string simple_query(std::string_view sql) { return message('Q', std::string(sql) + '\0'); }

std::string parse_message(std::string_view name, std::string_view sql) {
  return message('P', std::string(name) + '\0' + std::string(sql) + '\0' + std::string(2, '\0'));
}

std::string bind_message(std::string_view statement) {
  return message('B', '\0' + std::string(statement) + '\0' + std::string(6, '\0'));
}

std::string execute_message() { return message('E', std::string(5, '\0')); }

std::string extended_query(std::string_view sql) {
  return parse_message("", sql) + bind_message("") + message('D', std::string_view("P\0", 2)) +
         execute_message() + message('S', "");
}

std::string directive(char type, std::string_view body) { return message(type, body); }

}  // namespace pgring::test
