// pgringd's command line: one table from which it is read, explained with -h and, in pgringd(8),
// documented.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace pgring {

struct CommandOption {
  char letter;
  std::string_view argument;  // its name; empty: the option has none
  std::string_view help;
};

inline constexpr auto kCommandOptions = std::to_array<CommandOption>({
    {'d', "", "run in the background"},
    {'q', "", "do not log to standard error"},
    {'v', "", "log more; may be repeated"},
    {'u', "user", "become this user after start"},
    {'t', "", "check the configuration and exit"},
    {'V', "", "print the version and exit"},
    {'h', "", "print this and exit"},
});
static_assert(kCommandOptions.size() == 7, "is pgringd(8) up to date?");

struct CommandLine {
  bool background = false;
  bool quiet = false;
  int verbose = 0;
  bool test = false;
  std::string user;
  std::string config;  // an absolute path where the file exists
};

std::string usage_text();
// Empty where the program is to end with `status`; what there was to say has been printed.
std::optional<CommandLine> read_command_line(int argc, char** argv, int& status);

}  // namespace pgring
