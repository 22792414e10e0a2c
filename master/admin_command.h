// The console's commands: one table from which they are found, checked and described. To add one: a
// line in admin_commands.cc and its function.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "master/admin_statement.h"
#include "master/result_table.h"

namespace pgring {

struct AdminServices;
struct Client;

enum class AdminRights : uint8_t {
  kStats,  // stats_users too
  kAdmin,  // admin_users, and pgring's own user on the unix socket
};

// What follows the command's name.
enum class AdminArgument : uint8_t { kNone, kOptionalName, kName, kAssignment };

struct AdminError {
  std::string sqlstate;
  std::string message;
  std::string detail;
  std::string hint;
};

struct AdminCommand;

// A command with its arguments, understood and allowed.
struct AdminRequest {
  const AdminCommand* command = nullptr;
  std::string argument;
  std::string value;  // of SET
};

// One run of a command; its function reads and fills this.
struct AdminCall {
  AdminServices& services;
  const AdminRequest& request;
  Client& client;  // who asks
  ResultTable& table;
  std::optional<AdminError> error{};
  std::string notice{};  // message of a NOTICE in front of the result
  std::string notice_detail{};
  std::string tag{};  // of CommandComplete; empty: the command's first word
  // Set: the answer is owed until this is true; asked a few times a second.
  std::function<bool()> is_done{};
};

struct AdminCommand {
  std::string_view name;  // in capitals, "SHOW POOLS"
  AdminArgument argument;
  std::string_view placeholder;  // of the argument, for HELP
  AdminRights rights;
  std::span<const Column> columns;  // empty: the command returns no rows
  void (*run)(AdminCall& call);
  std::string_view help;
};

std::span<const AdminCommand> admin_commands();

// Understands `sql`. Without tokens `request.command` stays null: an empty query.
std::optional<AdminError> find_admin_command(std::string_view sql, AdminRequest& request);

}  // namespace pgring
