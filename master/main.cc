// pgringd: the steps from the command line to the event loop.
#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "common/log.h"
#include "common/platform.h"
#include "common/process_title.h"
#include "common/settings_load.h"
#include "common/version.h"
#include "master/capacity.h"
#include "master/command_line.h"
#include "master/daemonize.h"
#include "master/master.h"
#include "master/pid_file.h"
#include "master/service_notify.h"
#include "master/socket_activation.h"
#include "master/status_keeper.h"

namespace pgring {
namespace {

void report(const LoadResult& loaded) {
  for (const Diagnostic& warning : loaded.warnings) {
    fmt::print(stderr, "warning: {}\n", warning.format());
  }
  for (const Diagnostic& error : loaded.errors) fmt::print(stderr, "error: {}\n", error.format());
}

void become_user(const std::string& name) {
  const passwd* account = getpwnam(name.c_str());
  if (!account) throw std::runtime_error(fmt::format("no such user: \"{}\"", name));
  if (account->pw_uid == geteuid()) return;
  if (initgroups(name.c_str(), account->pw_gid) != 0 || setgid(account->pw_gid) != 0 ||
      setuid(account->pw_uid) != 0) {
    throw std::runtime_error(fmt::format("cannot become user \"{}\": {}", name, strerror(errno)));
  }
}

// The soft limit is made for programs that use select(); pgringd wants all it may have.
void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) {
    log_warning("cannot raise the limit on open files: {}", strerror(errno));
  }
}

Listeners listen(const Settings& settings) {
  std::vector<ActivatedSocket> activated = take_activated_sockets();
  if (!activated.empty()) return Listeners(std::move(activated));
  return Listeners(settings);
}

int serve(const CommandLine& options, Settings settings, const ProcessTitle& title) {
  StartupReport startup = options.background ? daemonize() : StartupReport{};
  try {
    raise_descriptor_limit();
    const ServiceNotify manager = ServiceNotify::from_environment();
    Listeners listeners = listen(settings);
    std::optional<Listeners> metrics;
    if (!settings.metrics_listen.empty()) {
      metrics.emplace(listen_for_metrics(settings.metrics_listen));
    }
    const std::string user = options.user.empty() ? settings.user : options.user;
    std::optional<PidFile> pid_file;
    if (!settings.pidfile.empty()) pid_file.emplace(PidFile::take(settings.pidfile));
    if (!user.empty()) become_user(user);
    if (geteuid() == 0) {
      throw std::runtime_error("pgringd must not run as root: give -u or set user");
    }
    const std::vector<std::string> names = listeners.names();
    Master master(std::move(settings), std::move(listeners), std::move(metrics), title, manager);
    for (const std::string& name : names) log_info("listening on {}", name);
    log_info("pgringd {} is ready, pid {}", kVersion, getpid());
    startup.ready();
    manager.ready("serving");
    return master.run();
  } catch (const std::exception& error) {
    log_fatal("{}", error.what());
    startup.failed(1, fmt::format("pgringd: {}\n", error.what()));
    return 1;
  }
}

int run(int argc, char** argv) {
  int status = 0;
  const std::optional<CommandLine> options = read_command_line(argc, argv, status);
  if (!options) return status;
  LoadResult loaded = load_settings(options->config);
  report(loaded);
  if (!loaded.ok()) return 1;
  if (options->test) {
    fmt::print("{}: configuration is valid\n", options->config);
    for (const Advice& advice : kernel_advice(server_needs(loaded.settings))) {
      fmt::print("{}", to_text(advice));
    }
    return 0;
  }
  const ProcessTitle title(argc, argv);
  loaded.settings.conffile = options->config;
  loaded.settings.start_options = {options->verbose, options->quiet || options->background};
  log_to_stderr({LogProcessKind::kMaster, 0});
  set_log_level(effective_log_level(loaded.settings));
  return serve(*options, std::move(loaded.settings), title);
}

}  // namespace
}  // namespace pgring

int main(int argc, char** argv) { return pgring::run(argc, argv); }
