// pgringctl's command line.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pgring::ctl {

struct CommandRow {
  std::string_view name;
  std::size_t least, most;  // arguments
};

inline constexpr auto kCommands = std::to_array<CommandRow>({{"status", 0, 0},
                                                             {"top", 0, 0},
                                                             {"show", 1, 1},
                                                             {"reload", 0, 0},
                                                             {"pause", 0, 1},
                                                             {"resume", 0, 1},
                                                             {"stop", 0, 0},
                                                             {"doctor", 0, 0}});
static_assert(kCommands.size() == 8, "are pgringctl(8) and usage_text() up to date?");

enum class OptionId : uint8_t {
  kConfig,
  kSocketDir,
  kPort,
  kUser,
  kTimeout,
  kJson,
  kHelp,
  kOnce,
  kInterval,
  kWarningWait,
  kCriticalWait,
  kStopMode,
};

struct OptionRow {
  std::string_view name;
  OptionId id;
  bool has_value;
};

inline constexpr auto kOptions = std::to_array<OptionRow>({
    {"-f", OptionId::kConfig, true},
    {"-s", OptionId::kSocketDir, true},
    {"-p", OptionId::kPort, true},
    {"-U", OptionId::kUser, true},
    {"--timeout", OptionId::kTimeout, true},
    {"--json", OptionId::kJson, false},
    {"-h", OptionId::kHelp, false},
    {"--help", OptionId::kHelp, false},
    {"--once", OptionId::kOnce, false},
    {"--interval", OptionId::kInterval, true},
    {"--warning-wait", OptionId::kWarningWait, true},
    {"--critical-wait", OptionId::kCriticalWait, true},
    {"--wait-for-clients", OptionId::kStopMode, false},
    {"--wait-for-servers", OptionId::kStopMode, false},
    {"--now", OptionId::kStopMode, false},
});
static_assert(kOptions.size() == 15, "are pgringctl(8) and usage_text() up to date?");

struct Usage {
  std::string message;  // empty: help was asked for
};

struct Options {
  std::string config = "/etc/pgring/pgring.ini";
  std::string socket_dir;  // empty: from the configuration
  int port = 0;            // 0: from the configuration
  std::string user = "pgring";
  int timeout = 5;  // seconds for an answer; of stop: until the daemon is gone
  bool timeout_given = false;
  bool json = false;
  bool once = false;
  double interval = 2;      // seconds, of top
  double warning_wait = 1;  // seconds a client may wait, of status
  double critical_wait = 10;
  std::string stop_mode;  // what SHUTDOWN is given
  std::string command;
  std::vector<std::string> arguments;
};

// Throws Usage.
Options read_options(int argc, char** argv);
const char* usage_text();

// Where the daemon's socket is. Throws std::runtime_error where the configuration does not tell.
std::string socket_path(const Options& options);

}  // namespace pgring::ctl
