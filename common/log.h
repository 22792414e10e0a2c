// Writing log records. A record is formatted once, in the caller's buffer, and handed to the sink
// of this process: stderr before the logger process runs and in short-lived tools, afterwards the
// log ring in shared memory (log_ring.h), from which only the logger process writes files. Through
// the ring a record neither blocks nor allocates. One thread of a process logs.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace pgring {

class Doorbell;
class LogRing;

// Bytes of text kept; a longer text is cut and ends in " [truncated]".
constexpr std::size_t kMaxLogText = 8192;

enum class LogLevel : uint8_t { kNoise, kDebug, kInfo, kWarning, kError, kFatal };

// Who the line is about; empty fields are left out. `session` is the client's number, 0 for none.
struct LogContext {
  std::string_view client;  // "127.0.0.1:5123" or "unix:4711" (peer pid)
  std::string_view user;
  std::string_view database;
  uint64_t session = 0;
};

// Where a statement's time went, in microseconds; see log_min_duration in pgring.ini(5).
struct StatementTimes {
  uint64_t total = 0;
  uint64_t queue = 0;
  uint64_t server = 0;
  uint64_t client = 0;
};

// "info", as in the setting log_level.
std::string_view log_level_name(LogLevel level);
std::optional<LogLevel> log_level_from(std::string_view name);

// Who writes the line. Workers count from 1; the other kinds have number 0.
enum class LogProcessKind : uint8_t { kMaster, kWorker, kStatus, kLogger, kTool };
struct LogProcess {
  LogProcessKind kind = LogProcessKind::kTool;
  uint16_t number = 0;
};

// Where this process's records go from now on. stderr is the default.
void log_to_stderr(LogProcess process);
// `slot` belongs to this process alone, so call it in each child before its first record: until
// then a forked child's records go to stderr. `wake_logger` (may be null) must outlive the
// process's logging; it is rung for errors and when the slot fills up.
void log_to_ring(const LogRing& ring, unsigned slot, LogProcess process,
                 const Doorbell* wake_logger);

bool log_enabled(LogLevel level);
// Level below which records are dropped: of this process, and of every process on its ring.
void set_log_level(LogLevel level);
void log_record(LogLevel level, const LogContext& context, std::string_view text);
// A statement's record. `text` is what is to be told of the statement, perhaps nothing.
void log_statement(LogLevel level, const LogContext& context, const StatementTimes& times,
                   std::string_view text);

template <typename... Args>
void log(LogLevel level, const LogContext& context, fmt::format_string<Args...> format,
         Args&&... args) {
  if (!log_enabled(level)) return;
  char text[kMaxLogText + 1];  // one more, so that log_record() sees what was too long
  const auto end = fmt::format_to_n(text, sizeof(text), format, std::forward<Args>(args)...);
  log_record(level, context, {text, std::min(end.size, sizeof(text))});
}

template <typename... Args>
void log_noise(fmt::format_string<Args...> format, Args&&... args) {
  log(LogLevel::kNoise, {}, format, std::forward<Args>(args)...);
}
template <typename... Args>
void log_debug(fmt::format_string<Args...> format, Args&&... args) {
  log(LogLevel::kDebug, {}, format, std::forward<Args>(args)...);
}
template <typename... Args>
void log_info(fmt::format_string<Args...> format, Args&&... args) {
  log(LogLevel::kInfo, {}, format, std::forward<Args>(args)...);
}
template <typename... Args>
void log_warning(fmt::format_string<Args...> format, Args&&... args) {
  log(LogLevel::kWarning, {}, format, std::forward<Args>(args)...);
}
template <typename... Args>
void log_error(fmt::format_string<Args...> format, Args&&... args) {
  log(LogLevel::kError, {}, format, std::forward<Args>(args)...);
}
template <typename... Args>
void log_fatal(fmt::format_string<Args...> format, Args&&... args) {
  log(LogLevel::kFatal, {}, format, std::forward<Args>(args)...);
}

}  // namespace pgring
