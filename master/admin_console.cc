// Rights, the simple query protocol, and answers that have to wait.
#include "master/admin_console.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "common/platform.h"
#include "common/version.h"
#include "master/admin_columns.h"
#include "master/client_log.h"

namespace pgring {
namespace {

// No command comes near it.
constexpr uint32_t kLongestMessage = 16 * 1024;

bool contains(const StringList& list, const std::string& name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

// Whoever runs pgring, and root, may administer it through the unix socket.
bool is_own_user(const Client& client) {
  if (client.user != "pgring" && client.user != "pgbouncer") return false;
  if (client.peer.ss_family != AF_UNIX) return false;
  const auto credentials = peer_credentials(client.fd.get());
  return credentials && (credentials->uid == geteuid() || credentials->uid == 0);
}

std::string first_word(std::string_view name) {
  return std::string(name.substr(0, name.find(' ')));
}

}  // namespace

bool is_console_database(std::string_view name) { return name == "pgring" || name == "pgbouncer"; }

void AdminConsole::admit(Client& client) {
  const Settings& settings = services_.context.settings;
  auto session = std::make_unique<ConsoleSession>();
  session->admin = is_own_user(client) || contains(settings.admin_users, client.user);
  if (!session->admin && !contains(settings.stats_users, client.user)) {
    const std::string message =
        fmt::format("user \"{}\" may not use the admin console", client.user);
    return services_.frontend.fail(
        client, {.severity = "FATAL",
                 .sqlstate = "28000",
                 .message = message,
                 .hint = "Name the user in admin_users or stats_users, or connect through the unix "
                         "socket as \"pgring\", running as pgring's own system user or root."});
  }
  client.console = std::move(session);
  client.state = ClientState::kActive;
  client.active_at = services_.context.now;
  if (settings.log_connections) {
    const std::string address = client_address(client);
    log(LogLevel::kInfo, log_context(client, address), "admin console access");
  }
  out_.clear();
  wire::Builder(out_, 'R').int32(0);
  wire::append_parameter_status(out_, "server_version", std::string(kVersion) + "/pgring");
  wire::append_parameter_status(out_, "client_encoding", "UTF8");
  wire::append_parameter_status(out_, "server_encoding", "UTF8");
  wire::append_parameter_status(out_, "DateStyle", "ISO");
  wire::append_parameter_status(out_, "TimeZone", "GMT");
  wire::append_parameter_status(out_, "integer_datetimes", "on");
  wire::append_parameter_status(out_, "standard_conforming_strings", "on");
  wire::append_parameter_status(out_, "is_superuser", client.console->admin ? "on" : "off");
  wire::Builder(out_, 'K').int32(client.index + 1).int32(0);
  wire::append_ready(out_, 'I');
  services_.frontend.send(client, {out_.data(), out_.size()});
}

// One message at a time, and none before the last answer has left: an answer can be large.
ReadVerdict AdminConsole::take(Client& client, std::string_view& bytes) {
  while (bytes.size() >= 5 && client.feed == Feed::kBetween && client.output.pending() == 0) {
    const uint32_t length = wire::load32(bytes.data() + 1);
    if (length < 4 || length > kLongestMessage) {
      services_.frontend.fail(client, {.severity = "FATAL",
                                       .sqlstate = "08P01",
                                       .message = "the message is too long for the admin console"});
      return ReadVerdict::kContinue;
    }
    if (bytes.size() < length + std::size_t{1}) break;
    client.active_at = services_.context.now;
    const Step step = on_message(client, bytes.front(), bytes.substr(5, length - 4));
    if (step == Step::kTerminate) return ReadVerdict::kTerminate;
    bytes.remove_prefix(length + std::size_t{1});
    if (!out_.empty()) services_.frontend.send(client, {out_.data(), out_.size()});
    out_.clear();
    if (!client.fd) return ReadVerdict::kContinue;
  }
  return ReadVerdict::kContinue;
}

AdminConsole::Step AdminConsole::on_message(Client& client, char type, std::string_view body) {
  out_.clear();
  ConsoleSession& session = *client.console;
  if (type == 'X') return Step::kTerminate;
  if (type == 'S') {
    session.failed = false;
    session.portals.clear();  // they end with the transaction
    wire::append_ready(out_, 'I');
    return Step::kTaken;
  }
  if (type == 'Q') {
    session.failed = false;
    on_query(client, body.substr(0, body.find('\0')));
    return Step::kTaken;
  }
  if (session.failed) return Step::kTaken;
  bool done = true;
  switch (type) {
    case 'P':
      done = on_parse(client, body);
      break;
    case 'B':
      done = on_bind(client, body);
      break;
    case 'D':
      done = on_describe(client, body);
      break;
    case 'E':
      done = on_execute(client, body);
      break;
    case 'C':
      done = on_close(client, body);
      break;
    case 'H':  // every answer is sent at once
      break;
    default:
      done = fail({"08P01",
                   fmt::format("the admin console does not take messages of type \"{}\"", type), "",
                   ""});
      break;
  }
  session.failed = !done;
  return Step::kTaken;
}

void AdminConsole::on_query(Client& client, std::string_view sql) {
  ConsolePortal portal;
  const auto error = find_admin_command(sql, portal.request);
  if (error) {
    fail(*error);
  } else if (!portal.request.command) {
    wire::Builder(out_, 'I');
  } else if (may_run(client, portal.request)) {
    const bool answered = run(client, portal.request, portal);
    if (client.console->is_done) {
      client.console->simple = true;
      return;
    }
    if (answered) {
      const auto columns = portal.request.command->columns;
      if (!columns.empty()) ResultTable::append_description(out_, columns);
      portal.table.take_rows(out_, 0);
      wire::Builder(out_, 'C').text(portal.tag);
    }
  }
  wire::append_ready(out_, 'I');
}

bool AdminConsole::may_run(const Client& client, const AdminRequest& request) {
  if (client.console->admin || request.command->rights == AdminRights::kStats) return true;
  return fail(
      {"42501",
       fmt::format("user \"{}\" may look, but not run {}", client.user, request.command->name), "",
       "It is in stats_users; commands other than SHOW are for admin_users."});
}

bool AdminConsole::run(Client& client, const AdminRequest& request, ConsolePortal& portal) {
  portal.table = ResultTable(request.command->columns);
  AdminCall call{services_, request, client, portal.table};
  if (!request.command->name.starts_with("SHOW")) {
    const std::string address = client_address(client);
    log(LogLevel::kInfo, log_context(client, address), "admin command: {}{}{}",
        request.command->name, request.argument.empty() ? "" : " ", request.argument);
  }
  request.command->run(call);
  portal.tag = call.tag.empty() ? first_word(request.command->name) : call.tag;
  if (call.error) return fail(*call.error);
  if (!call.notice.empty()) {
    wire::append_error(out_,
                       {.severity = "NOTICE",
                        .sqlstate = "00000",
                        .message = call.notice,
                        .detail = call.notice_detail},
                       'N');
  }
  if (!call.is_done || call.is_done()) return true;
  client.console->is_done = std::move(call.is_done);
  client.console->tag = portal.tag;
  client.console->simple = false;
  client.feed = Feed::kHeld;
  return true;
}

bool AdminConsole::fail(const AdminError& error) {
  wire::append_error(out_, {.sqlstate = error.sqlstate,
                            .message = error.message,
                            .detail = error.detail,
                            .hint = error.hint});
  return false;
}

void AdminConsole::serve_waiting() {
  for (const auto& place : services_.frontend.all()) {
    Client& client = *place;
    if (!client.console || !client.fd || !client.console->is_done) continue;
    if (!client.console->is_done()) continue;
    client.console->is_done = nullptr;
    client.feed = Feed::kBetween;
    out_.clear();
    wire::Builder(out_, 'C').text(client.console->tag);
    if (client.console->simple) wire::append_ready(out_, 'I');
    services_.frontend.send(client, {out_.data(), out_.size()});
    out_.clear();
    if (client.fd && !client.input.empty()) {
      services_.dispatcher.served().push_back(client.index);
    }
  }
}

}  // namespace pgring
