// Client messages for the tests of a worker.
#pragma once

#include <string>
#include <string_view>

namespace pgring::test {

std::string simple_query(std::string_view sql);
// Parse (unnamed), Bind, Describe portal, Execute, Sync.
std::string extended_query(std::string_view sql);
std::string message(char type, std::string_view body);
std::string parse_message(std::string_view name, std::string_view sql);
std::string bind_message(std::string_view statement);
std::string execute_message();
std::string directive(char type, std::string_view body);

}  // namespace pgring::test
