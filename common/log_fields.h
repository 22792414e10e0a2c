// The fields of a log record and their names in each of its forms: a contract with whoever parses
// the log, documented with log_format in pgring.ini(5).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace pgring {

enum class LogField : uint8_t {
  kTime,
  kLevel,
  kProcess,
  kPid,
  kClient,
  kUser,
  kDatabase,
  kSession,
  kMessage,
  // Only of a statement's record (log_min_duration).
  kTotalTime,
  kQueueTime,
  kServerTime,
  kClientTime,
  kStatement,
};

struct LogFieldNames {
  LogField field;
  std::string_view json;
  std::string_view text;     // empty: told by its place in the line
  std::string_view journal;  // empty: the journal's own
};

inline constexpr std::array kLogFields = {
    LogFieldNames{LogField::kTime, "time", "", ""},
    LogFieldNames{LogField::kLevel, "level", "", "PRIORITY"},
    LogFieldNames{LogField::kProcess, "process", "", "PGRING_PROCESS"},
    LogFieldNames{LogField::kPid, "pid", "", "SYSLOG_PID"},
    LogFieldNames{LogField::kClient, "client", "client", "PGRING_CLIENT"},
    LogFieldNames{LogField::kUser, "user", "user", "PGRING_USER"},
    LogFieldNames{LogField::kDatabase, "database", "db", "PGRING_DATABASE"},
    LogFieldNames{LogField::kSession, "session", "session", "PGRING_SESSION"},
    LogFieldNames{LogField::kMessage, "message", "", "MESSAGE"},
    LogFieldNames{LogField::kTotalTime, "total_us", "total", "PGRING_TOTAL_US"},
    LogFieldNames{LogField::kQueueTime, "queue_us", "queue", "PGRING_QUEUE_US"},
    LogFieldNames{LogField::kServerTime, "server_us", "server", "PGRING_SERVER_US"},
    LogFieldNames{LogField::kClientTime, "client_us", "to_client", "PGRING_CLIENT_US"},
    LogFieldNames{LogField::kStatement, "statement", "", "PGRING_STATEMENT"},
};

// The message of a statement's record.
inline constexpr std::string_view kSlowStatement = "slow statement";

constexpr const LogFieldNames& names_of(LogField field) {
  return kLogFields[static_cast<std::size_t>(field)];
}

constexpr bool log_fields_are_in_order() {
  for (std::size_t i = 0; i < kLogFields.size(); ++i) {
    if (kLogFields[i].field != static_cast<LogField>(i)) return false;
  }
  return kLogFields.size() == static_cast<std::size_t>(LogField::kStatement) + 1;
}
static_assert(log_fields_are_in_order());

}  // namespace pgring
