// SHOW CLIENTS, SERVERS, SOCKETS, ACTIVE_SOCKETS.
#include <arpa/inet.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <netinet/in.h>

#include <ctime>
#include <unordered_map>

#include "common/platform.h"
#include "master/admin_columns.h"
#include "master/admin_show.h"
#include "master/client_census.h"

namespace pgring {
namespace {

struct Address {
  std::string host;  // "unix" where it is no TCP
  int port = 0;
};

Address address_of(const sockaddr_storage& storage) {
  char text[INET6_ADDRSTRLEN] = "";
  if (storage.ss_family == AF_INET) {
    const auto& in = reinterpret_cast<const sockaddr_in&>(storage);
    inet_ntop(AF_INET, &in.sin_addr, text, sizeof text);
    return {text, ntohs(in.sin_port)};
  }
  if (storage.ss_family == AF_INET6) {
    const auto& in6 = reinterpret_cast<const sockaddr_in6&>(storage);
    inet_ntop(AF_INET6, &in6.sin6_addr, text, sizeof text);
    return {text, ntohs(in6.sin6_port)};
  }
  return {"unix", 0};
}

// One line of any of the four tables.
struct SocketRow {
  const char* type = "";
  std::string user, database;
  const char* state = "";
  Address remote, local;
  int64_t connected_at = 0;
  int64_t request_at = 0;
  int64_t wait = 0;
  int close_needed = 0;
  std::string ptr, link;
  int32_t remote_pid = 0;
  std::string tls, application_name;
  uint32_t prepared = 0;
  uint64_t id = 0;
  uint64_t input = 0, output = 0;  // bytes that wait
};

// The monotonic time as a date; 0 gives an empty text.
std::string date(int64_t monotonic, int64_t now) {
  if (monotonic == 0) return "";
  const std::time_t then =
      std::time(nullptr) - static_cast<std::time_t>((now - monotonic) / 1000000);
  return fmt::format("{:%Y-%m-%d %H:%M:%S} UTC", fmt::gmtime(then));
}

void add_row(AdminCall& call, const SocketRow& row, bool with_buffers) {
  const int64_t now = call.services.context.now;
  const auto emit = [&](const auto&... buffers) {
    call.table.row(row.type, row.user, row.database, "none", row.state, row.remote.host,
                   row.remote.port, row.local.host, row.local.port, date(row.connected_at, now),
                   date(row.request_at, now), row.wait / 1000000, row.wait % 1000000,
                   row.close_needed, row.ptr, row.link, row.remote_pid, row.tls,
                   row.application_name, row.prepared, row.id & 0x7fffffff, buffers...);
  };
  if (with_buffers) {
    emit(0, 0, 0, 0, row.output, row.input, row.output);
  } else {
    emit();
  }
}

std::string client_name(const Client& client) { return fmt::format("c{}", client.session); }
std::string server_name(uint32_t worker, uint32_t place) {
  return fmt::format("s{}.{}", worker, place);
}

const char* word_of(ClientActivity activity) {
  switch (activity) {
    case ClientActivity::kLogin:
      return "login";
    case ClientActivity::kIdle:
      return "idle";
    case ClientActivity::kActive:
      return "active";
    case ClientActivity::kWaiting:
      return "waiting";
    case ClientActivity::kClosing:
      return "closing";
  }
  return "";
}

// Clients to connections, by client index.
using Links = std::unordered_map<uint32_t, std::string>;

template <typename Use>
void for_each_backend(const SharedState& state, Use use) {
  for (uint32_t worker = 1; worker <= state.header->worker_count; ++worker) {
    for (uint32_t place = 0; place < kMaxBackendsPerWorker; ++place) {
      const BackendKey& backend = state.workers[worker].backends[place];
      const int32_t pid = backend.pid.load(std::memory_order_acquire);
      if (pid != 0) use(worker, place, pid, backend);
    }
  }
}

Links read_links(const SharedState& state) {
  Links links;
  for_each_backend(state, [&](uint32_t worker, uint32_t place, int32_t, const BackendKey& backend) {
    const uint32_t client = backend.client.load(std::memory_order_relaxed);
    if (client != kNoClient) links[client] = server_name(worker, place);
  });
  return links;
}

std::string application_name(const Client& client, Context& context) {
  if (client.parameter_set == kNoParameterSet) return "";
  const ParameterValues values = context.parameter_sets.values(client.parameter_set);
  const std::string* name = values.find("application_name");
  return name ? *name : "";
}

SocketRow row_of(const Client& client, ClientActivity activity, Context& context,
                 const Links& links) {
  SocketRow row;
  row.type = "C";
  row.user = client.user;
  row.database = client.database;
  row.state = word_of(activity);
  row.remote = address_of(client.peer);
  sockaddr_storage local{};
  socklen_t length = sizeof local;
  getsockname(client.fd.get(), reinterpret_cast<sockaddr*>(&local), &length);
  row.local = address_of(local);
  row.connected_at = client.connected_at;
  row.request_at = client.console ? client.active_at : client.unit_began_at;
  if (activity == ClientActivity::kWaiting && !client.console) {
    row.wait = std::max<int64_t>(context.now - client.unit_began_at, 0);
  }
  row.ptr = client_name(client);
  if (const auto link = links.find(client.index); link != links.end()) row.link = link->second;
  if (client.peer.ss_family == AF_UNIX) {
    if (const auto peer = peer_credentials(client.fd.get())) row.remote_pid = peer->pid;
  }
  row.application_name = application_name(client, context);
  row.prepared = client.statements ? client.statements->size() : 0;
  row.id = client.session;
  row.input = client.input.size();
  row.output = client.output.pending();
  return row;
}

void add_clients(AdminCall& call, bool with_buffers, bool active_only) {
  Context& context = call.services.context;
  const Links links = read_links(context.state);
  for (const auto& place : call.services.frontend.all()) {
    const Client& client = *place;
    // Whoever has not yet said who it is can be seen in SOCKETS only.
    if (!client.fd || (!client.pool && !client.console && !with_buffers)) continue;
    const ClientActivity activity = activity_of(client, context);
    if (active_only && activity == ClientActivity::kIdle) continue;
    add_row(call, row_of(client, activity, context, links), with_buffers);
  }
}

SocketRow row_of(uint32_t worker, uint32_t place, int32_t pid, const BackendKey& backend,
                 AdminCall& call) {
  Context& context = call.services.context;
  SocketRow row;
  row.type = "S";
  if (backend.lane < context.state.header->lane_count.load(std::memory_order_relaxed)) {
    const Pool& pool = context.pools.by_lane(backend.lane);
    row.user = pool.key.user;
    row.database = pool.key.database;
  }
  const BackendState state = backend.state.load(std::memory_order_relaxed);
  row.state = state == BackendState::kBeingCanceled ? "being_canceled"
              : state == BackendState::kActive      ? "active"
                                                    : "idle";
  row.remote = address_of(backend.address);
  row.local = address_of(backend.local);
  row.connected_at = backend.connected_at.load(std::memory_order_relaxed);
  row.request_at = backend.request_at.load(std::memory_order_relaxed);
  row.close_needed = static_cast<int>(backend.close_needed.load(std::memory_order_relaxed));
  row.ptr = server_name(worker, place);
  const uint32_t client = backend.client.load(std::memory_order_relaxed);
  if (client != kNoClient && call.services.frontend.exists(client)) {
    row.link = client_name(call.services.frontend.client(client));
  }
  row.remote_pid = pid;
  row.tls = std::string(backend.tls, strnlen(backend.tls, sizeof backend.tls));
  row.prepared = backend.prepared.load(std::memory_order_relaxed);
  row.id = uint64_t{worker} * kMaxBackendsPerWorker + place;
  return row;
}

void add_servers(AdminCall& call, bool with_buffers, bool active_only) {
  for_each_backend(call.services.context.state,
                   [&](uint32_t worker, uint32_t place, int32_t pid, const BackendKey& backend) {
                     const auto state = backend.state.load(std::memory_order_relaxed);
                     if (active_only && state == BackendState::kIdle) return;
                     add_row(call, row_of(worker, place, pid, backend, call), with_buffers);
                   });
}

}  // namespace

void show_clients(AdminCall& call) { add_clients(call, false, false); }
void show_servers(AdminCall& call) { add_servers(call, false, false); }

void show_sockets(AdminCall& call) {
  add_clients(call, true, false);
  add_servers(call, true, false);
}

void show_active_sockets(AdminCall& call) {
  add_clients(call, true, true);
  add_servers(call, true, true);
}

}  // namespace pgring
