// Opening one database connection with libpq, without blocking. What libpq does not tell through
// functions (the cancel key, the SQLSTATE of a refusal, the names of reported parameters) is read
// from its protocol trace.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "common/poller.h"
#include "worker/server_stream.h"

namespace pgring {

class ServerLogin {
 public:
  enum class Progress : uint8_t { kWaiting, kDone, kFailed };

  ServerLogin(Poller& poller, uint64_t token) : poller_(poller), token_(token) {}
  ~ServerLogin();
  ServerLogin(const ServerLogin&) = delete;
  ServerLogin& operator=(const ServerLogin&) = delete;

  // `conninfo`: as in LaneConfig.
  Progress start(const char* conninfo);
  // The descriptor is ready.
  Progress advance();

  // kDone: the connection (its descriptor still registered for reading with the token).
  PgConn take_connection();
  struct Parameter {
    std::string name;
    std::string value;
  };
  const std::vector<Parameter>& parameters() const { return parameters_; }
  int32_t backend_pid() const { return backend_pid_; }
  uint32_t cancel_key() const { return cancel_key_; }
  bool has_cancel_key() const { return has_cancel_key_; }

  // kFailed: libpq's text in one line; the server's own SQLSTATE and message where it answered.
  std::string error_text() const;
  const std::string& server_sqlstate() const { return sqlstate_; }
  const std::string& server_message() const { return message_; }

 private:
  Progress poll(PostgresPollingStatusType status);
  void watch(Interest interest);
  void unwatch();
  void read_trace();
  void read_trace_line(std::string_view line);
  void end_trace();

  Poller& poller_;
  uint64_t token_;
  PgConn connection_;
  int watched_ = -1;
  std::FILE* trace_ = nullptr;
  char* trace_text_ = nullptr;
  std::size_t trace_size_ = 0;

  std::vector<Parameter> parameters_;
  int32_t backend_pid_ = 0;
  uint32_t cancel_key_ = 0;
  bool has_cancel_key_ = false;
  std::string sqlstate_;
  std::string message_;
};

}  // namespace pgring
