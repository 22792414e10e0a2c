// Reading the command line; options may stand before and behind the command.
#include "master/ctl/options.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <stdexcept>
#include <string_view>

#include "common/settings_load.h"

namespace pgring::ctl {
namespace {

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

const OptionRow* find_option(std::string_view name) {
  const auto* found = std::find_if(kOptions.begin(), kOptions.end(),
                                   [&](const OptionRow& row) { return row.name == name; });
  return found == kOptions.end() ? nullptr : found;
}

// `value` is empty where the option has none.
void take_option(Options& options, const OptionRow& row, const std::string& value) {
  switch (row.id) {
    case OptionId::kConfig:
      options.config = value;
      return;
    case OptionId::kSocketDir:
      options.socket_dir = value;
      return;
    case OptionId::kPort:
      options.port = whole(row.name, value, 1, 65535);
      return;
    case OptionId::kUser:
      options.user = value;
      return;
    case OptionId::kTimeout:
      options.timeout = whole(row.name, value, 1, 1000000);
      options.timeout_given = true;
      return;
    case OptionId::kJson:
      options.json = true;
      return;
    case OptionId::kHelp:
      throw Usage{};
    case OptionId::kOnce:
      options.once = true;
      return;
    case OptionId::kInterval:
      options.interval = seconds(row.name, value);
      return;
    case OptionId::kWarningWait:
      options.warning_wait = seconds(row.name, value);
      return;
    case OptionId::kCriticalWait:
      options.critical_wait = seconds(row.name, value);
      return;
    case OptionId::kStopMode:
      if (!options.stop_mode.empty()) throw Usage{"stop takes one of its options only"};
      options.stop_mode = row.name;
      return;
  }
}

void check(const Options& options) {
  if (options.command.empty()) throw Usage{"a command is missing"};
  for (const CommandRow& command : kCommands) {
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
    const OptionRow* row = find_option(word);
    if (row == nullptr) throw Usage{fmt::format("unknown option {}", word)};
    if (row->has_value && ++i == argc) throw Usage{fmt::format("{} wants a value", word)};
    take_option(options, *row, row->has_value ? argv[i] : "");
  }
  check(options);
  return options;
}

std::string socket_path(const Options& options) {
  std::string directory = options.socket_dir;
  int port = options.port;
  if (directory.empty() || port == 0) {
    // A file with a mistake in it still tells where the daemon that runs is; reload needs that.
    const LoadResult loaded = load_settings(options.config);
    if (access(options.config.c_str(), R_OK) != 0) {
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
