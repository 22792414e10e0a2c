// pgringctl's command line.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace pgring::ctl {

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
