// show, reload, pause, resume, stop, doctor.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "common/settings_load.h"
#include "master/capacity.h"
#include "master/ctl/commands.h"
#include "master/ctl/output.h"

namespace pgring::ctl {
namespace {

std::string quoted(const std::string& name) {
  std::string text = "\"";
  for (const char c : name) text.append(c == '"' ? 2 : 1, c);
  return text + "\"";
}

int report(const Answer& answer) {
  if (answer.error.empty()) return kOk;
  fmt::print(stderr, "pgringctl: {}\n", answer.error);
  return kCritical;
}

}  // namespace

int run_show(const Options& options, Connection& connection) {
  const std::string& table = options.arguments[0];
  const bool is_word = std::all_of(
      table.begin(), table.end(), [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; });
  if (!is_word) {
    fmt::print(stderr, "pgringctl: \"{}\" is no table\n", table);
    return kUsage;
  }
  const Answer answer = connection.ask("SHOW " + table);
  if (!answer.error.empty()) return report(answer);
  if (options.json) {
    fmt::print("{}\n", to_json(answer));
  } else if (!answer.columns.empty()) {
    fmt::print("{}", to_table(answer));
  }
  if (!answer.notice.empty()) fmt::print("{}\n", answer.notice);
  return kOk;
}

// PAUSE takes as long as the transactions that run.
int run_simple(const Options& options, Connection& connection) {
  std::string command = options.command;
  for (const std::string& argument : options.arguments) command += " " + quoted(argument);
  if (options.command == "pause" && !options.timeout_given) connection.set_timeout(-1);
  const Answer answer = connection.ask(command);
  if (answer.error.empty()) fmt::print("{}\n", answer.tag);
  return report(answer);
}

int run_stop(const Options& options, Connection& connection) {
  std::string command = "SHUTDOWN WAIT_FOR_SERVERS";
  if (options.stop_mode == "--now") command = "SHUTDOWN";
  if (options.stop_mode == "--wait-for-clients") command = "SHUTDOWN WAIT_FOR_CLIENTS";
  const Answer answer = connection.ask(command);
  if (!answer.error.empty()) return report(answer);
  connection.set_timeout(options.timeout_given ? options.timeout * 1000 : -1);
  if (connection.wait_for_end()) {
    fmt::print("pgring has stopped\n");
    return kOk;
  }
  fmt::print(stderr, "pgringctl: pgring is stopping, but still busy after {} s\n", options.timeout);
  return kCritical;
}

int run_doctor(const Options& options) {
  const LoadResult loaded = load_settings(options.config);
  if (!loaded.ok()) {
    for (const Diagnostic& error : loaded.errors) fmt::print(stderr, "{}\n", error.format());
    return kCritical;
  }
  const std::vector<Advice> advices = kernel_advice(server_needs(loaded.settings));
  if (options.json) {
    Answer answer;
    for (const char* name : {"what", "current", "recommended", "why", "command"}) {
      answer.columns.push_back({name, false});
    }
    for (const Advice& advice : advices) {
      answer.rows.push_back(
          {advice.what, advice.current, advice.recommended, advice.why, advice.command});
    }
    fmt::print("{}\n", to_json(answer));
  } else {
    for (const Advice& advice : advices) fmt::print("{}", to_text(advice));
    if (advices.empty()) fmt::print("the kernel's settings suit this configuration\n");
  }
  return advices.empty() ? kOk : kWarning;
}

}  // namespace pgring::ctl
