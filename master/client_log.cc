// Log lines about clients.
#include "master/client_log.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>

#include "common/platform.h"

namespace pgring {
namespace {

std::string_view name_of(TaskTraffic traffic) {
  switch (traffic) {
    case TaskTraffic::kExclusive:
      return "exclusive";
    case TaskTraffic::kIndependentRead:
      return "independent read";
    case TaskTraffic::kIndependentWrite:
      return "independent write";
  }
  return "";
}

}  // namespace

std::string peer_address(const sockaddr_storage& peer, int fd) {
  char text[INET6_ADDRSTRLEN] = "";
  if (peer.ss_family == AF_INET) {
    const auto& in = reinterpret_cast<const sockaddr_in&>(peer);
    inet_ntop(AF_INET, &in.sin_addr, text, sizeof text);
    return fmt::format("{}:{}", text, ntohs(in.sin_port));
  }
  if (peer.ss_family == AF_INET6) {
    const auto& in6 = reinterpret_cast<const sockaddr_in6&>(peer);
    inet_ntop(AF_INET6, &in6.sin6_addr, text, sizeof text);
    return fmt::format("[{}]:{}", text, ntohs(in6.sin6_port));
  }
  const auto credentials = peer_credentials(fd);
  return credentials ? fmt::format("unix:{}", credentials->pid) : "unix";
}

std::string client_address(const Client& client) {
  return peer_address(client.peer, client.fd.get());
}

LogContext log_context(const Client& client, const std::string& address) {
  return {address, client.user, client.database, client.session};
}

void log_unit(const Client& client, const Task& task) {
  if (!log_enabled(LogLevel::kNoise)) return;
  const std::string address = client_address(client);
  log(LogLevel::kNoise, log_context(client, address), "task {}.{} in lane {}: {}", client.task,
      TaskWord::unpack(task.word.load(std::memory_order_relaxed)).turn, task.lane,
      name_of(task.traffic));
}

void log_pooler_error(const Client& client, const wire::ErrorFields& fields) {
  const std::string address = client_address(client);
  log(LogLevel::kWarning, log_context(client, address), "{} {}: {}", fields.severity,
      fields.sqlstate, fields.message);
}

}  // namespace pgring
