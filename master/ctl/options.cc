// Reading the command line; options may stand before and behind the command.
#include "master/ctl/options.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cstdlib>
#include <stdexcept>
#include <string_view>

#include "common/settings.h"

namespace pgring::ctl {
namespace {

struct Command {
  std::string_view name;
  std::size_t least, most;  // arguments
};
constexpr auto kCommands = std::to_array<Command>({{"status", 0, 0},
                                                   {"top", 0, 0},
                                                   {"show", 1, 1},
                                                   {"reload", 0, 0},
                                                   {"pause", 0, 1},
                                                   {"resume", 0, 1},
                                                   {"stop", 0, 0},
                                                   {"doctor", 0, 0}});

double seconds(std::string_view option, const std::string& text) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (text.empty() || *end != '\0' || !(value >= 0) || value > 1e6) {
    throw Usage{fmt::format("{} wants a number of seconds, not \"{}\"", option, text)};
  }
  return value;
}

int whole(std::string_view option, const std::string& text, int least, int most) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < least || value > most) {
    throw Usage{
        fmt::format("{} wants a number from {} to {}, not \"{}\"", option, least, most, text)};
  }
  return value;
}

// Options with a value. False where `name` is none of them.
bool read_valued(Options& options, std::string_view name, const std::string& value) {
  if (name == "-f") {
    options.config = value;
  } else if (name == "-s") {
    options.socket_dir = value;
  } else if (name == "-p") {
    options.port = whole(name, value, 1, 65535);
  } else if (name == "-U") {
    options.user = value;
  } else if (name == "--timeout") {
    options.timeout = whole(name, value, 1, 1000000);
    options.timeout_given = true;
  } else if (name == "--interval") {
    options.interval = seconds(name, value);
  } else if (name == "--warning-wait") {
    options.warning_wait = seconds(name, value);
  } else if (name == "--critical-wait") {
    options.critical_wait = seconds(name, value);
  } else {
    return false;
  }
  return true;
}

bool read_flag(Options& options, std::string_view name) {
  if (name == "-h" || name == "--help") throw Usage{};
  if (name == "--json") {
    options.json = true;
  } else if (name == "--once") {
    options.once = true;
  } else if (name == "--now" || name == "--wait-for-clients" || name == "--wait-for-servers") {
    if (!options.stop_mode.empty()) throw Usage{"stop takes one of its options only"};
    options.stop_mode = name;
  } else {
    return false;
  }
  return true;
}

void check(const Options& options) {
  if (options.command.empty()) throw Usage{"a command is missing"};
  for (const Command& command : kCommands) {
    if (command.name != options.command) continue;
    const std::size_t count = options.arguments.size();
    if (count < command.least || count > command.most) {
      throw Usage{fmt::format("wrong number of arguments for {}", command.name)};
    }
    if (!options.stop_mode.empty() && options.command != "stop") {
      throw Usage{fmt::format("{} is an option of stop", options.stop_mode)};
    }
    if (options.json && options.command == "top" && !options.once) {
      throw Usage{"top --json needs --once"};
    }
    return;
  }
  throw Usage{fmt::format("unknown command \"{}\"", options.command)};
}

}  // namespace

const char* usage_text() {
  return "usage: pgringctl [-f file | -s directory -p port] [-U user] [--timeout seconds] "
         "[--json]\n"
         "                 command\n"
         "  status [--warning-wait seconds] [--critical-wait seconds]\n"
         "  top [--once] [--interval seconds]\n"
         "  show table\n"
         "  reload\n"
         "  pause [database]\n"
         "  resume [database]\n"
         "  stop [--wait-for-clients | --wait-for-servers | --now]\n"
         "  doctor\n"
         "exit codes: 0 all is well, 1 warning, 2 critical or out of reach, 3 wrong usage\n";
}

Options read_options(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (!word.starts_with('-')) {
      if (options.command.empty()) {
        options.command = word;
      } else {
        options.arguments.push_back(word);
      }
      continue;
    }
    if (read_flag(options, word)) continue;
    if (i + 1 < argc && read_valued(options, word, argv[i + 1])) {
      ++i;
      continue;
    }
    throw Usage{fmt::format("unknown option, or one without its value: {}", word)};
  }
  check(options);
  return options;
}

std::string socket_path(const Options& options) {
  std::string directory = options.socket_dir;
  int port = options.port;
  if (directory.empty() || port == 0) {
    const LoadResult loaded = load_settings(options.config);
    if (!loaded.ok()) {
      throw std::runtime_error(
          fmt::format("{}; or give -s directory and -p port", loaded.errors.front().format()));
    }
    if (directory.empty()) directory = loaded.settings.unix_socket_dir;
    if (port == 0) port = loaded.settings.listen_port;
  }
  if (directory.empty()) {
    throw std::runtime_error(fmt::format(
        "{}: unix_socket_dir is empty, so the console cannot be reached", options.config));
  }
  return fmt::format("{}/.s.PGSQL.{}", directory, port);
}

}  // namespace pgring::ctl
