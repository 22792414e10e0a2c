// Startup packets, cancel requests, and the parameters a client starts with.
#include "master/login.h"

#include <fmt/format.h>
#include <strings.h>

#include <algorithm>
#include <random>

#include "common/statement_class.h"
#include "master/admin_console.h"
#include "master/client_log.h"
#include "master/frontend.h"

namespace pgring {
namespace {

// Reported by every server; whatever the client asks of them follows it from connection to
// connection. IntervalStyle and others are in track_extra_parameters.
constexpr std::string_view kAlwaysTracked[] = {"client_encoding", "DateStyle", "TimeZone",
                                               "standard_conforming_strings", "application_name"};

bool same_name(std::string_view a, std::string_view b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

bool contains(const StringList& list, std::string_view name) {
  return std::any_of(list.begin(), list.end(), [&](auto& item) { return same_name(item, name); });
}

uint32_t random_key() {
  static std::random_device device;
  return device();
}

}  // namespace

void Login::on_bytes(Client& client, std::string_view& bytes) {
  StartupPacket packet = decode_startup(bytes, client.declined);
  bytes.remove_prefix(packet.length);
  switch (packet.kind) {
    case StartupKind::kIncomplete:
      return;
    case StartupKind::kMalformed: {
      const std::string address = client_address(client);
      log(LogLevel::kWarning, log_context(client, address), "{}", packet.error);
      return frontend_.close(client, packet.error);
    }
    case StartupKind::kRefused:
      return frontend_.fail(
          client, {.severity = "FATAL", .sqlstate = packet.sqlstate, .message = packet.error});
    case StartupKind::kSslRequest:
    case StartupKind::kGssEncRequest:
      client.declined = packet.kind;
      return frontend_.send(client, "N");
    case StartupKind::kCancel:
      on_cancel(packet.cancel_pid, packet.cancel_key);
      return frontend_.close(client, "cancel request");
    case StartupKind::kStartup:
      return start(client, packet);
  }
}

bool Login::is_tracked(std::string_view name) const {
  return std::any_of(std::begin(kAlwaysTracked), std::end(kAlwaysTracked),
                     [&](auto known) { return same_name(known, name); }) ||
         contains(context_.settings.track_extra_parameters, name);
}

// Sorts the startup parameters: tracked ones follow the client; the others make a pool of their
// own, in whose connections they are set from the start.
bool Login::read_parameters(Client& client, StartupPacket& packet, ParameterValues& wanted,
                            std::string& options) {
  std::vector<std::pair<std::string, std::string>> settings;
  for (auto& [name, value] : packet.parameters) {
    if (name == "user") {
      client.user = value;
    } else if (name == "database") {
      client.database = value;
    } else if (name == "replication") {
      if (value == "false" || value == "off" || value == "no" || value == "0") continue;
      frontend_.fail(client, {.severity = "FATAL",
                              .sqlstate = "0A000",
                              .message = "replication connections are not supported by pgring",
                              .hint = "Connect to the database server itself for replication."});
      return false;
    } else if (contains(context_.settings.ignore_startup_parameters, name)) {
      continue;
    } else if (name == "options") {
      if (!parse_options(value, settings)) {
        const std::string text =
            fmt::format("unsupported startup parameter: options=\"{}\"", value);
        frontend_.fail(client, {.severity = "FATAL",
                                .sqlstate = "08P01",
                                .message = text,
                                .hint = "Only -c name=value and --name=value are supported."});
        return false;
      }
    } else {
      settings.emplace_back(name, value);
    }
  }
  std::sort(settings.begin(), settings.end());
  for (const auto& [name, value] : settings) {
    if (contains(context_.settings.ignore_startup_parameters, name)) continue;
    if (is_tracked(name)) {
      wanted.set(name, value);
      continue;
    }
    options.append(options.empty() ? "-c " : " -c ").append(name).push_back('=');
    for (const char c : value) {
      if (c == ' ' || c == '\\') options.push_back('\\');
      options.push_back(c);
    }
  }
  return true;
}

void Login::start(Client& client, StartupPacket& packet) {
  ParameterValues wanted;
  std::string options;
  if (!read_parameters(client, packet, wanted, options)) return;
  const auto refuse = [&](std::string_view sqlstate, std::string_view message) {
    frontend_.fail(client, {.severity = "FATAL", .sqlstate = sqlstate, .message = message});
  };
  if (client.user.empty()) {
    return refuse("28000", "no PostgreSQL user name specified in startup packet");
  }
  if (client.database.empty()) client.database = client.user;
  if (is_shut()) return refuse("57P01", shut_);
  if (is_console_database(client.database)) {
    negotiate(client, packet);
    return on_console(client);  // even where max_client_conn is reached
  }
  if (frontend_.count() > static_cast<uint32_t>(context_.settings.max_client_conn)) {
    return refuse("53300", fmt::format("no more connections allowed (max_client_conn = {})",
                                       context_.settings.max_client_conn));
  }
  PoolRefusal refusal;
  client.pool = context_.pools.find(client.database, client.user, options, refusal);
  if (!client.pool) return refuse(refusal.sqlstate, refusal.message);
  ++client.pool->clients;
  client.mode = client.pool->mode;
  negotiate(client, packet);
  choose_parameters(client, wanted);
}

// Source: PostgreSQL manual, NegotiateProtocolVersion.
void Login::negotiate(Client& client, const StartupPacket& packet) {
  if (packet.minor == 0 && packet.protocol_options.empty()) return;
  std::vector<char> message;
  {
    wire::Builder builder(message, 'v');
    builder.int32(wire::kProtocol30);
    builder.int32(static_cast<uint32_t>(packet.protocol_options.size()));
    for (const std::string& option : packet.protocol_options) builder.text(option);
  }
  frontend_.send(client, {message.data(), message.size()});
}

// The client starts with the connections' own values but for those it asked for. How the server
// spells a value it was given ("ISO" becomes "ISO, MDY"), and whether it takes it at all, only the
// server knows: it is asked once per combination.
void Login::choose_parameters(Client& client, const ParameterValues& wanted) {
  client.state = ClientState::kLogin;
  Pool& pool = *client.pool;
  if (pool.welcome.empty()) {
    if (context_.now >= pool.refused_until) return ask_server(client, wanted);
    return frontend_.fail(client, {.severity = "FATAL",
                                   .sqlstate = pool.refused_sqlstate,
                                   .message = pool.refused_message});
  }
  ParameterValues values;
  for (const auto& [name, value] : pool.welcome) {
    if (is_tracked(name)) values.set(name, value);
  }
  const bool as_connections_are =
      std::all_of(wanted.all().begin(), wanted.all().end(), [&](const auto& pair) {
        const std::string* value = values.find(pair.first);
        return value && *value == pair.second;
      });
  if (!as_connections_are) {
    const auto known = pool.canonical.find(wanted.encode());
    if (known == pool.canonical.end()) return ask_server(client, wanted);
    for (const auto& [name, value] : known->second.all()) values.set(name, value);
  }
  if (adopt(client, values)) welcome(client, values);
}

void Login::ask_server(Client& client, const ParameterValues& wanted) {
  client.raw_parameters = wanted.encode();
  if (!adopt(client, wanted)) return;
  if (!dispatcher_.begin_unit(client)) {
    dispatcher_.leave_queues(client);
    return frontend_.fail(client, {.severity = "FATAL",
                                   .sqlstate = "53200",
                                   .message = "no task slot is free for a new client"});
  }
  client.unit_began_at = context_.now;
  client.traffic = TaskTraffic::kExclusive;
  dispatcher_.submit(client, TaskKind::kHello, true);
}

void Login::on_hello(Client& client, std::string_view payload) {
  if (client.state != ClientState::kLogin) return;
  Pool& pool = *client.pool;
  // What the client did not ask for is as connections start, not as another client left this one.
  ParameterValues values, changed = ParameterValues::decode(client.raw_parameters);
  for (const auto& [name, value] : pool.welcome) {
    if (is_tracked(name)) values.set(name, value);
  }
  // A tracked parameter that the server does not report stays as the client spelled it.
  for_each_parameter(payload, [&](std::string_view name, std::string_view value) {
    if (changed.find(name)) changed.set(name, value);
  });
  for (const auto& [name, value] : changed.all()) values.set(name, value);
  if (pool.canonical.size() > 1000) pool.canonical.clear();
  if (!changed.all().empty()) pool.canonical.emplace(client.raw_parameters, changed);
  client.raw_parameters.clear();
  if (adopt(client, values)) welcome(client, values);
}

void Login::on_new_connection(Pool& pool, std::string_view payload) {
  pool.refused_until = 0;
  pool.welcome.clear();
  for_each_parameter(payload, [&](std::string_view name, std::string_view value) {
    pool.welcome.emplace_back(name, value);
  });
}

void Login::on_parameter_status(Client& client, std::string_view payload) {
  if (client.state != ClientState::kActive || client.parameter_set == kNoParameterSet) return;
  const ParameterValues before = context_.parameter_sets.values(client.parameter_set);
  ParameterValues values = before;
  bool changed = false;
  for_each_parameter(payload, [&](std::string_view name, std::string_view value) {
    if (!is_tracked(name)) return;
    values.set(name, value);
    changed = true;
  });
  if (!changed || !adopt(client, values) || !client.statements) return;
  const auto differs = [&](std::string_view name) {
    const std::string* old_value = before.find(name);
    const std::string* value = values.find(name);
    return old_value && value && *old_value != *value;
  };
  client.statements->forget_misread(differs("client_encoding"),
                                    differs("standard_conforming_strings"));
}

// False where the client had to be refused.
bool Login::adopt(Client& client, const ParameterValues& values) {
  const uint32_t before = client.parameter_set;
  client.parameter_set = kNoParameterSet;
  if (!values.all().empty()) {
    client.parameter_set = context_.parameter_sets.acquire(values);
    if (client.parameter_set == kNoParameterSet) {
      client.parameter_set = before;
      frontend_.fail(client, {.severity = "FATAL",
                              .sqlstate = "53400",
                              .message = "too many, or too long, startup parameters are in use"});
      return false;
    }
  }
  if (before != kNoParameterSet) context_.parameter_sets.drop_reference(before);
  const std::string* strings = values.find("standard_conforming_strings");
  const std::string* encoding = values.find("client_encoding");
  client.standard_strings = strings && *strings == "on";
  client.classifiable = strings && encoding && encoding_allows_classification(*encoding);
  return true;
}

void Login::welcome(Client& client, const ParameterValues& values) {
  client.state = ClientState::kActive;
  client.active_at = context_.now;
  client.cancel_key = random_key();
  std::vector<char> message;
  wire::Builder(message, 'R').int32(0);
  for (const auto& [name, value] : client.pool->welcome) {
    const std::string* own = values.find(name);
    wire::append_parameter_status(message, name, own ? *own : value);
  }
  wire::Builder(message, 'K').int32(client.index + 1).int32(client.cancel_key);
  wire::append_ready(message, 'I');
  context_.state.lanes[client.pool->lane].stats.client_logins.fetch_add(1,
                                                                        std::memory_order_relaxed);
  if (context_.settings.log_connections) {
    const std::string address = client_address(client);
    log(LogLevel::kInfo, log_context(client, address), "connected");
  }
  frontend_.send(client, {message.data(), message.size()});
  if (!client.input.empty()) dispatcher_.served().push_back(client.index);
}

}  // namespace pgring
