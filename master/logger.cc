// Draining the log ring.
#include "master/logger.h"

#include <fmt/format.h>
#include <unistd.h>

#include <exception>
#include <utility>

#include "common/platform_journal.h"
#include "master/logger_file_sink.h"
#include "master/logger_journal.h"
#include "master/logger_syslog.h"

namespace pgring {
namespace {

// How much is written again at worst when a logger is killed, and how long a signal waits.
constexpr std::size_t kBatchBytes = 256 * 1024;
constexpr int64_t kSecond = 1'000'000;

}  // namespace

Logger::Logger(const LogConfig& config, const LogRing& ring)
    : reader_(ring),
      format_(config.format),
      last_resort_(STDERR_FILENO),
      to_stderr_(config.to_stderr) {
  drops_.reserve(ring.slots());
  make_sinks(config);
}

void Logger::make_sinks(const LogConfig& config) {
  if (config.to_stderr) sinks_.push_back(std::make_unique<TerminalSink>(STDERR_FILENO));
  if (!config.logfile.empty()) sinks_.push_back(std::make_unique<FileSink>(config.logfile));
  if (!config.directory.empty()) sinks_.push_back(std::make_unique<RotatingFileSink>(config));
  if (config.to_syslog) {
    sinks_.push_back(std::make_unique<SyslogSink>(config.syslog_ident, config.syslog_facility));
  }
  if (config.to_journald) {
    if (journal_available()) {
      sinks_.push_back(std::make_unique<JournalSink>(config.syslog_ident));
    } else {
      log_warning(
          "this pgring was built without systemd's journal; log_destination journald has "
          "no effect");
    }
  }
}

Logger::Drained Logger::drain(int64_t now_us) {
  if (!reader_.begin()) return Drained::kNothing;
  std::size_t bytes = 0;
  bool more = true;
  while (bytes < kBatchBytes) {
    const auto record = reader_.next();
    if (!record) {
      more = false;
      break;
    }
    write(*record, now_us);
    bytes += line_.size();
  }
  if (const uint64_t damaged = reader_.take_damaged(); damaged > 0) {
    write_own(LogLevel::kError,
              fmt::format("{} bytes in the log ring were no records and were skipped", damaged),
              now_us);
  }
  drops_.clear();
  if (!more || now_us >= next_drop_report_us_) report_drops(now_us);
  flush();
  // From here on a successor would not write these records again.
  reader_.commit();
  for (const auto& drops : drops_) reader_.set_reported(drops);
  report_health(now_us);
  return more ? Drained::kMoreWaits : Drained::kAll;
}

void Logger::reopen(int64_t now_us) {
  for (const auto& sink : sinks_) sink->reopen(now_us);
  report_health(now_us);
}

bool Logger::work(int64_t now_us) {
  bool more = false;
  for (const auto& sink : sinks_) more |= sink->work(now_us);
  report_health(now_us);
  return more;
}

void Logger::write(const LogRecord& record, int64_t now_us, const LogSink* except) {
  line_.clear();
  switch (format_) {
    case LogFormat::kText:
      append_text_line(line_, record);
      break;
    case LogFormat::kJson:
      append_json_line(line_, record);
      break;
  }
  for (const auto& sink : sinks_) {
    if (sink.get() != except) sink->write(record, {line_.data(), line_.size()}, now_us);
  }
}

// The logger's own records do not take the way through the ring: it may be full.
void Logger::write_own(LogLevel level, std::string_view text, int64_t now_us,
                       const LogSink* except) {
  LogRecord record;
  record.time_us = now_us;
  record.level = level;
  record.process = {LogProcessKind::kLogger, 0};
  record.pid = ::getpid();
  record.text = text;
  write(record, now_us, except);
}

void Logger::flush() {
  for (const auto& sink : sinks_) sink->flush();
}

void Logger::report_drops(int64_t now_us) {
  uint64_t count = 0;
  for (auto drops = reader_.next_drops(); drops; drops = reader_.next_drops(drops->slot + 1)) {
    drops_.push_back(*drops);
    count += drops->count;
  }
  if (count == 0) return;
  write_own(LogLevel::kWarning, fmt::format("{} log records dropped: the log ring was full", count),
            now_us);
  next_drop_report_us_ = now_us + kSecond;
}

void Logger::report_health(int64_t now_us) {
  for (const auto& sink : sinks_) {
    if (const uint64_t lost = sink->health().take_newly_lost(); lost > 0) reader_.add_lost(lost);
    bool told = false;
    for (const std::string& notice : sink->health().take_notices()) {
      write_own(LogLevel::kError, notice, now_us, sink->health().failing() ? sink.get() : nullptr);
      if (!to_stderr_) last_resort_.write({}, {line_.data(), line_.size()}, now_us);
      told = true;
    }
    if (const auto recovery = sink->health().take_recovery()) {
      write_own(LogLevel::kWarning,
                fmt::format("{} log records dropped: {}", recovery->lost, recovery->reason),
                now_us);
      told = true;
    }
    if (told) flush();
  }
}

}  // namespace pgring
