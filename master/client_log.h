// Who a log line is about, and the lines that several parts of the master write.
#pragma once

#include <sys/socket.h>

#include <string>

#include "common/log.h"
#include "common/wire.h"
#include "master/client.h"

namespace pgring {

// "127.0.0.1:5123", "[::1]:5123", "unix:4711" (the peer's pid). The socket must be open.
std::string peer_address(const sockaddr_storage& peer, int fd);
std::string client_address(const Client& client);
// `address` must outlive the result.
LogContext log_context(const Client& client, const std::string& address);

// At noise: a unit of the client's has been given to the workers.
void log_unit(const Client& client, const Task& task);

// An error that pgring has sent to a client; see log_pooler_errors.
void log_pooler_error(const Client& client, const wire::ErrorFields& fields);

}  // namespace pgring
