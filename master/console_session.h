// What the admin console keeps of a client: its rights, its prepared commands and portals, and the
// answer it is still owed.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "master/admin_command.h"

namespace pgring {

struct ConsolePortal {
  AdminRequest request;
  bool ran = false;
  ResultTable table{{}};
  std::string tag;
};

struct ConsoleSession {
  bool admin = false;
  std::map<std::string, AdminRequest, std::less<>> statements;
  std::map<std::string, ConsolePortal, std::less<>> portals;
  bool failed = false;  // extended protocol: messages are skipped up to Sync

  // A command whose answer waits for something (PAUSE).
  std::function<bool()> is_done;
  std::string tag;
  bool simple = false;  // it came in a Query
};

}  // namespace pgring
