// The level and the sink of this process, and the way of a record into it.
#include "common/log.h"

#include <sys/types.h>
#include <unistd.h>

#include <array>
#include <cassert>
#include <cerrno>
#include <chrono>
#include <optional>

#include "common/doorbell.h"
#include "common/log_format.h"
#include "common/log_record.h"
#include "common/log_ring.h"

namespace pgring {
namespace {

constexpr std::array<std::string_view, 6> kLevelNames = {"noise",   "debug", "info",
                                                         "warning", "error", "fatal"};
static_assert(kLevelNames.size() == static_cast<std::size_t>(LogLevel::kFatal) + 1);

LogLevel minimum_level = LogLevel::kInfo;

struct Sink {
  LogProcess process;
  std::optional<LogRing> ring;  // empty: stderr
  unsigned slot = 0;
  pid_t owner = 0;  // of the slot
  const Doorbell* wake_logger = nullptr;
};
Sink sink;

int64_t now_us() {
  using std::chrono::microseconds;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<microseconds>(now).count();
}

void write_to_stderr(const LogRecord& record) {
  LogLine line;
  append_text_line(line, record);
  std::string_view rest(line.data(), line.size());
  while (!rest.empty()) {
    const ssize_t written = ::write(STDERR_FILENO, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;  // there is no one left to tell
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
}

void write_to_ring(const LogRecord& record) {
  const LogRing::Written written = sink.ring->write(sink.slot, record);
  const bool urgent = record.level >= LogLevel::kError || written == LogRing::Written::kYesHalfFull;
  // A bell lost here costs no record: the logger looks at the ring several times a second anyway.
  if (urgent && sink.wake_logger != nullptr) sink.wake_logger->ring();
}

}  // namespace

std::string_view log_level_name(LogLevel level) {
  return kLevelNames[static_cast<std::size_t>(level)];
}

std::optional<LogLevel> log_level_from(std::string_view name) {
  for (std::size_t i = 0; i < kLevelNames.size(); ++i) {
    if (kLevelNames[i] == name) return static_cast<LogLevel>(i);
  }
  return std::nullopt;
}

void log_to_stderr(LogProcess process) {
  sink = Sink{};
  sink.process = process;
}

void log_to_ring(const LogRing& ring, unsigned slot, LogProcess process,
                 const Doorbell* wake_logger) {
  assert(slot < ring.slots());
  sink = Sink{process, ring, slot, ::getpid(), wake_logger};
}

bool log_enabled(LogLevel level) {
  return level >= (sink.ring ? sink.ring->level() : minimum_level);
}

void set_log_level(LogLevel level) {
  minimum_level = level;
  if (sink.ring) sink.ring->set_level(level);
}

namespace {

void hand_over(LogRecord record) {
  const int saved_errno = errno;
  const pid_t pid = ::getpid();
  record.time_us = now_us();
  record.process = sink.process;
  record.pid = pid;
  // A child that has not called log_to_ring() must not be a second producer on its parent's slot.
  if (sink.ring && sink.owner == pid) {
    write_to_ring(record);
  } else {
    write_to_stderr(record);
  }
  errno = saved_errno;
}

}  // namespace

void log_record(LogLevel level, const LogContext& context, std::string_view text) {
  LogRecord record;
  record.level = level;
  record.context = context;
  record.text = text;
  hand_over(record);
}

void log_statement(LogLevel level, const LogContext& context, const StatementTimes& times,
                   std::string_view text) {
  if (!log_enabled(level)) return;
  LogRecord record;
  record.level = level;
  record.context = context;
  record.statement = times;
  record.text = text;
  hand_over(record);
}

}  // namespace pgring
