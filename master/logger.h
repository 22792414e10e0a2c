// From the log ring to the sinks: what the logger process does over and over.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "common/log_format.h"
#include "common/log_ring_reader.h"
#include "master/logger_config.h"
#include "master/logger_sink.h"
#include "master/logger_terminal.h"

namespace pgring {

// Times are microseconds since 1970, given by the caller.
class Logger {
 public:
  Logger(const LogConfig& config, const LogRing& ring);

  enum class Drained : uint8_t { kNothing, kAll, kMoreWaits };
  // Takes one batch from the ring to the files, and only then gives its room back.
  Drained drain(int64_t now_us);
  void reopen(int64_t now_us);
  // What can be done when no record waits. True: there is more.
  bool work(int64_t now_us);

 private:
  void make_sinks(const LogConfig& config);
  void write(const LogRecord& record, int64_t now_us, const LogSink* except = nullptr);
  void write_own(LogLevel level, std::string_view text, int64_t now_us,
                 const LogSink* except = nullptr);
  void flush();
  void report_drops(int64_t now_us);
  void report_health(int64_t now_us);

  LogRingReader reader_;
  LogFormat format_;
  std::vector<std::unique_ptr<LogSink>> sinks_;
  TerminalSink last_resort_;  // says what the sinks have to tell even if they are all silent
  bool to_stderr_;
  LogLine line_;
  std::vector<LogRingReader::Drops> drops_;
  int64_t next_drop_report_us_ = 0;
};

}  // namespace pgring
