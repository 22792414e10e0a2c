// The console in the extended query protocol: commands take no parameters, results are text.
#include <fmt/format.h>

#include "master/admin_console.h"

namespace pgring {
namespace {

// Cuts a message's body into its fields; `ok` turns false where it ends too early.
struct Fields {
  std::string_view rest;
  bool ok = true;

  std::string_view text() {
    const std::size_t end = rest.find('\0');
    if (end == std::string_view::npos) return ok = false, std::string_view{};
    const std::string_view value = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    return value;
  }
  uint16_t int16() {
    if (rest.size() < 2) return ok = false, uint16_t{0};
    const uint16_t value = wire::load16(rest.data());
    rest.remove_prefix(2);
    return value;
  }
  uint32_t int32() {
    if (rest.size() < 4) return ok = false, 0;
    const uint32_t value = wire::load32(rest.data());
    rest.remove_prefix(4);
    return value;
  }
};

AdminError no_such(std::string_view what, std::string_view name, const char* sqlstate) {
  return {sqlstate, fmt::format("{} \"{}\" does not exist", what, name), "", ""};
}

}  // namespace

bool AdminConsole::malformed() { return fail({"08P01", "invalid message format", "", ""}); }

bool AdminConsole::on_parse(Client& client, std::string_view body) {
  Fields fields{body};
  const std::string name(fields.text());
  const std::string_view sql = fields.text();
  const uint16_t types = fields.int16();
  if (!fields.ok) return malformed();
  ConsoleSession& session = *client.console;
  if (types > 0) return fail({"42P02", "commands of the console take no parameters", "", ""});
  if (!name.empty() && session.statements.count(name) > 0) {
    return fail({"42P05", fmt::format("prepared statement \"{}\" already exists", name), "", ""});
  }
  if (session.statements.size() >= 1000) {
    return fail({"54000", "too many prepared statements", "", "Close those no longer needed."});
  }
  AdminRequest request;
  if (const auto error = find_admin_command(sql, request)) return fail(*error);
  session.statements[name] = std::move(request);
  wire::Builder(out_, '1');
  return true;
}

bool AdminConsole::on_bind(Client& client, std::string_view body) {
  Fields fields{body};
  const std::string portal(fields.text());
  const std::string_view name = fields.text();
  for (uint16_t formats = fields.int16(); formats > 0; --formats) fields.int16();
  if (fields.int16() > 0)
    return fail({"08P01", "commands of the console take no parameters", "", ""});
  bool binary = false;
  for (uint16_t formats = fields.int16(); formats > 0; --formats) {
    binary = fields.int16() != 0 || binary;
  }
  if (!fields.ok) return malformed();
  ConsoleSession& session = *client.console;
  const auto found = session.statements.find(name);
  if (found == session.statements.end()) return fail(no_such("prepared statement", name, "26000"));
  if (binary && found->second.command && !found->second.command->columns.empty()) {
    return fail({"0A000", "the console returns its results as text only", "",
                 "Ask the driver for the text format, or for the simple query protocol."});
  }
  if (!portal.empty() && session.portals.count(portal) > 0) {
    return fail({"42P03", fmt::format("portal \"{}\" already exists", portal), "", ""});
  }
  if (session.portals.size() >= 1000) return fail({"54000", "too many portals", "", "Send Sync."});
  ConsolePortal fresh;
  fresh.request = found->second;
  session.portals[portal] = std::move(fresh);
  wire::Builder(out_, '2');
  return true;
}

bool AdminConsole::on_describe(Client& client, std::string_view body) {
  Fields fields{body};
  const bool of_statement = body.starts_with('S');
  if (!of_statement && !body.starts_with('P')) return malformed();
  fields.rest.remove_prefix(1);
  const std::string_view name = fields.text();
  if (!fields.ok) return malformed();
  const ConsoleSession& session = *client.console;
  const AdminRequest* request = nullptr;
  if (of_statement) {
    const auto found = session.statements.find(name);
    if (found == session.statements.end()) {
      return fail(no_such("prepared statement", name, "26000"));
    }
    request = &found->second;
    wire::Builder(out_, 't').int16(0);
  } else {
    const auto found = session.portals.find(name);
    if (found == session.portals.end()) return fail(no_such("portal", name, "34000"));
    request = &found->second.request;
  }
  if (!request->command || request->command->columns.empty()) {
    wire::Builder(out_, 'n');
  } else {
    ResultTable::append_description(out_, request->command->columns);
  }
  return true;
}

bool AdminConsole::on_execute(Client& client, std::string_view body) {
  Fields fields{body};
  const std::string_view name = fields.text();
  const uint32_t limit = fields.int32();
  if (!fields.ok) return malformed();
  ConsoleSession& session = *client.console;
  const auto found = session.portals.find(name);
  if (found == session.portals.end()) return fail(no_such("portal", name, "34000"));
  ConsolePortal& portal = found->second;
  if (!portal.request.command) {
    wire::Builder(out_, 'I');
    return true;
  }
  if (!portal.ran) {
    if (!may_run(client, portal.request) || !run(client, portal.request, portal)) return false;
    portal.ran = true;
    if (session.is_done) return true;  // serve_waiting() completes it
  }
  if (portal.table.take_rows(out_, limit)) {
    wire::Builder(out_, 's');
  } else {
    wire::Builder(out_, 'C').text(portal.tag);
  }
  return true;
}

bool AdminConsole::on_close(Client& client, std::string_view body) {
  Fields fields{body};
  const bool of_statement = body.starts_with('S');
  if (!of_statement && !body.starts_with('P')) return malformed();
  fields.rest.remove_prefix(1);
  const std::string name(fields.text());
  if (!fields.ok) return malformed();
  if (of_statement) {
    client.console->statements.erase(name);
  } else {
    client.console->portals.erase(name);
  }
  wire::Builder(out_, '3');
  return true;
}

}  // namespace pgring
