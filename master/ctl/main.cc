// pgringctl: asks and commands a running pgringd through its admin console.
#include <fmt/format.h>

#include <csignal>
#include <exception>

#include "master/ctl/commands.h"

namespace pgring::ctl {
namespace {

int run(const Options& options) {
  if (options.command == "doctor") return run_doctor(options);
  std::string path;
  try {
    path = socket_path(options);
  } catch (const std::exception& error) {
    fmt::print(stderr, "pgringctl: {}\n", error.what());
    return kCritical;
  }
  Connection connection(path, options.user, options.timeout * 1000);
  if (options.command == "status") return run_status(options, connection);
  if (options.command == "top") return run_top(options, connection);
  if (options.command == "show") return run_show(options, connection);
  if (options.command == "stop") return run_stop(options, connection);
  return run_simple(options, connection);
}

int guarded(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  try {
    return run(read_options(argc, argv));
  } catch (const Usage& usage) {
    if (usage.message.empty()) {
      fmt::print("{}", usage_text());
      return kOk;
    }
    fmt::print(stderr, "pgringctl: {}\n{}", usage.message, usage_text());
    return kUsage;
  } catch (const Unreachable& error) {
    fmt::print(stderr, "pgringctl: {}\n", error.what());
    return kCritical;
  }
}

}  // namespace
}  // namespace pgring::ctl

int main(int argc, char** argv) { return pgring::ctl::guarded(argc, argv); }
