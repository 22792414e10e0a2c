// The syslog sink.
#pragma once

#include <memory>
#include <string>

#include "common/log_format.h"
#include "common/settings.h"
#include "master/logger_sink.h"

namespace spdlog::sinks {
class sink;
}

namespace pgring {

class SyslogSink : public LogSink {
 public:
  SyslogSink(const std::string& ident, SyslogFacility facility);

  void write(const LogRecord& record, std::string_view line, int64_t now_us) override;

 private:
  std::shared_ptr<spdlog::sinks::sink> sink_;
  LogLine body_;
};

// For syslog(3) and the journal, which has its priorities: LOG_DEBUG to LOG_CRIT.
int syslog_priority(LogLevel level);

}  // namespace pgring
