// pgringd(8) and pgringctl(8) against the tables of options, signals and console commands, both
// ways.
#include <algorithm>
#include <map>
#include <set>
#include <sstream>

#include "master/admin_command.h"
#include "master/command_line.h"
#include "master/ctl/options.h"
#include "master/signals.h"
#include "tests/unit/manual.h"

namespace pgring {
namespace {

const std::string kDaemon = "man/pgringd.8";
const std::string kControl = "man/pgringctl.8";

Lines sorted(Lines lines) {
  std::sort(lines.begin(), lines.end());
  return lines;
}

// "PAUSE Op Ar database" -> "PAUSE", and what follows in `rest`.
std::string name_of(const std::string& item, std::string& rest) {
  const std::size_t end = std::min(item.find(" Op "), item.find(" Ar "));
  rest = end == std::string::npos ? "" : item.substr(end);
  return item.substr(0, end);
}

struct Documented {
  std::string rest;
  Lines columns;
  Lines text;
};

std::map<std::string, Documented> documented_commands() {
  std::map<std::string, Documented> commands;
  Documented* current = nullptr;
  for (const std::string& line : chapter_of(kDaemon, "ADMIN CONSOLE")) {
    if (line.starts_with(".It Ic ")) {
      std::string rest;
      const std::string name = name_of(line.substr(7), rest);
      CHECK_MESSAGE(!commands.contains(name), name);
      current = &commands[name];
      current->rest = rest;
    } else if (line.starts_with(".Ss ")) {
      current = nullptr;
    } else if (current != nullptr) {
      current->text.push_back(line);
      if (line.starts_with(".It Va ")) current->columns.push_back(line.substr(7));
    }
  }
  return commands;
}

Lines columns_of(const AdminCommand& command) {
  Lines names;
  for (const Column& column : command.columns) names.emplace_back(column.name);
  return names;
}

bool argument_is_documented(AdminArgument argument, const std::string& rest) {
  switch (argument) {
    case AdminArgument::kNone:
      return rest.empty();
    case AdminArgument::kOptionalName:
      return rest.starts_with(" Op ");
    case AdminArgument::kName:
    case AdminArgument::kAssignment:
      return rest.starts_with(" Ar ");
  }
  return false;
}

}  // namespace

TEST_CASE("manual: pgringd's options") {
  Lines expected;
  for (const CommandOption& option : kCommandOptions) {
    expected.push_back(std::string(1, option.letter) +
                       (option.argument.empty() ? "" : " Ar " + std::string(option.argument)));
  }
  CHECK(sorted(items_of(chapter_of(kDaemon, "OPTIONS"), ".It Fl ")) == sorted(expected));
}

TEST_CASE("manual: pgringd's signals") {
  Lines expected;
  for (const SignalRow& signal : kSignals) {
    if (signal.action != SignalAction::kReap) expected.emplace_back(signal.name);
  }
  CHECK(sorted(items_of(chapter_of(kDaemon, "SIGNALS"), ".It Dv ")) == sorted(expected));
}

TEST_CASE("manual: every command of the console with its argument, and no other") {
  auto documented = documented_commands();
  for (const AdminCommand& command : admin_commands()) {
    if (command.help.empty()) continue;  // what drivers ask
    const std::string name(command.name);
    CHECK_MESSAGE(documented.contains(name), name << " is not in " << kDaemon);
    CHECK_MESSAGE(argument_is_documented(command.argument, documented[name].rest), name);
    documented.erase(name);
  }
  for (const auto& [name, text] : documented) FAIL_CHECK(name << " is no command");
}

TEST_CASE("manual: every column of every SHOW, in order, and no other") {
  const auto documented = documented_commands();
  std::map<std::string, Lines> columns;
  for (const AdminCommand& command : admin_commands()) {
    if (!command.help.empty()) columns[std::string(command.name)] = columns_of(command);
  }
  for (const auto& [name, expected] : columns) {
    const auto found = documented.find(name);
    if (found == documented.end()) continue;
    const Lines& text = found->second.text;
    const auto same = std::find(text.begin(), text.end(), "The columns of");
    if (same == text.end()) {
      CHECK_MESSAGE(found->second.columns == expected, name);
    } else {  // "The columns of" ".Ic SHOW CLIENTS ."
      const std::string other = same[1].substr(4, same[1].size() - 6);
      CHECK_MESSAGE(columns[other] == expected, name << ": " << other);
    }
  }
}

TEST_CASE("manual: pgringctl's commands and options, as its usage names them") {
  const std::string usage = ctl::usage_text();
  std::set<std::string> commands, options;
  for (const ctl::CommandRow& command : ctl::kCommands) {
    commands.emplace(command.name);
    CHECK_MESSAGE(usage.find("\n  " + std::string(command.name)) != std::string::npos,
                  command.name);
  }
  for (const ctl::OptionRow& option : ctl::kOptions) {
    options.emplace(option.name);
    const bool told =
        option.id == ctl::OptionId::kHelp ||
        usage.find(std::string(option.name) + (option.has_value ? " " : "")) != std::string::npos;
    CHECK_MESSAGE(told, option.name);
  }
  std::set<std::string> documented_here, documented_options;
  for (const std::string& item : items_of(chapter_of(kControl, "DESCRIPTION"), ".It Cm ")) {
    documented_here.insert(item.substr(0, item.find(' ')));
  }
  CHECK(documented_here == commands);
  for (const std::string& line : chapter_of(kControl, "DESCRIPTION")) {
    std::istringstream words(line);
    for (std::string word, before; words >> word; before = word) {
      if (before == "Fl" || before == ".Fl") documented_options.insert("-" + word);
    }
  }
  CHECK(documented_options == options);
}

}  // namespace pgring
