// The console's commands as administrators type them.
#include "master/admin_statement.h"

#include <doctest/doctest.h>

#include <set>

#include "master/admin_command.h"

using namespace pgring;

namespace {

std::string joined(std::string_view sql) {
  const auto tokens = cut_admin_statement(sql);
  if (!tokens) return "(nothing)";
  std::string text;
  for (const AdminToken& token : *tokens) {
    text.append(text.empty() ? "" : "|").append(token.text).append(token.quoted ? "'" : "");
  }
  return text;
}

std::string command_of(std::string_view sql) {
  AdminRequest request;
  const auto error = find_admin_command(sql, request);
  if (error) return error->sqlstate;
  return request.command ? std::string(request.command->name) : "";
}

}  // namespace

TEST_CASE("console: words, names, texts and comments are told apart") {
  CHECK(joined(" show\tpools ; ") == "show|pools");
  CHECK(joined("pause \"my \"\"db\"\"\"") == "pause|my \"db\"'");
  CHECK(joined("set a='it''s'") == "set|a|=|it's'");
  CHECK(joined("-- a remark\nshow -- more\nstats") == "show|stats");
  CHECK(joined("") == "");
  CHECK(joined(";") == "");
  CHECK(joined("show 'x") == "(nothing)");
  CHECK(joined("show x; show y") == "(nothing)");
}

TEST_CASE("console: commands are found in any case, with their arguments") {
  CHECK(command_of("Show Pools") == "SHOW POOLS");
  CHECK(command_of("pause") == "PAUSE");
  CHECK(command_of("PAUSE \"SHOW\"") == "PAUSE");
  CHECK(command_of("") == "");
  CHECK(command_of("\"pause\"") == "42601");
  CHECK(command_of("show") == "42601");
  CHECK(command_of("show nothing") == "42601");
  CHECK(command_of("show pools test") == "42601");
  CHECK(command_of("disable") == "42601");
  CHECK(command_of("set a") == "42601");
  CHECK(command_of("set a =") == "42601");
  AdminRequest request;
  CHECK_FALSE(find_admin_command("SET log_level TO 'debug'", request));
  CHECK(request.argument == "log_level");
  CHECK(request.value == "debug");
}

TEST_CASE("console: each command is in the table once, and nothing but SHOW is for stats_users") {
  std::set<std::string_view> names;
  for (const AdminCommand& command : admin_commands()) {
    CHECK(names.insert(command.name).second);
    const bool harmless = command.name.starts_with("SHOW ") || command.name == "SET";
    CHECK((command.rights == AdminRights::kStats) == harmless);
    CHECK((command.argument == AdminArgument::kNone) == command.placeholder.empty());
  }
}
