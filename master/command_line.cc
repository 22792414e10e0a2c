// Reading the options.
#include "master/command_line.h"

#include <fmt/format.h>
#include <unistd.h>

#include <climits>
#include <cstdio>
#include <cstdlib>

#include "common/version.h"

namespace pgring {
namespace {

std::string getopt_letters() {
  std::string letters;
  for (const CommandOption& option : kCommandOptions) {
    letters.append(1, option.letter).append(option.argument.empty() ? "" : ":");
  }
  return letters;
}

std::string absolute(const std::string& path) {
  char resolved[PATH_MAX];
  return realpath(path.c_str(), resolved) ? resolved : path;
}

}  // namespace

std::string usage_text() {
  std::string usage = "usage: pgringd", list;
  for (const CommandOption& option : kCommandOptions) {
    const std::string blank = option.argument.empty() ? "" : " ";
    usage += fmt::format(" [-{}{}{}]", option.letter, blank, option.argument);
    list += fmt::format("  -{:<7} {}\n",
                        fmt::format("{}{}{}", option.letter, blank, option.argument), option.help);
  }
  return usage + " config.ini\n" + list;
}

std::optional<CommandLine> read_command_line(int argc, char** argv, int& status) {
  CommandLine line;
  status = 0;
  const std::string letters = getopt_letters();
  for (int option; (option = getopt(argc, argv, letters.c_str())) != -1;) {
    switch (option) {
      case 'd':
        line.background = true;
        break;
      case 'q':
        line.quiet = true;
        break;
      case 'v':
        ++line.verbose;
        break;
      case 'u':
        line.user = optarg;
        break;
      case 't':
        line.test = true;
        break;
      case 'V':
        fmt::print("pgringd {}\n", kVersion);
        return std::nullopt;
      case 'h':
        fmt::print("{}", usage_text());
        return std::nullopt;
      default:
        fmt::print(stderr, "{}", usage_text());
        status = 1;
        return std::nullopt;
    }
  }
  if (optind + 1 != argc) {
    fmt::print(stderr, "{}", usage_text());
    status = 1;
    return std::nullopt;
  }
  line.config = absolute(argv[optind]);
  return line;
}

}  // namespace pgring
