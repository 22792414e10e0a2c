// The syslog sink, on spdlog's.
#include "master/logger_syslog.h"

#include <spdlog/details/null_mutex.h>
#include <spdlog/sinks/syslog_sink.h>
#include <syslog.h>

namespace pgring {
namespace {

int facility_number(SyslogFacility facility) {
  switch (facility) {
    case SyslogFacility::kAuth:
      return LOG_AUTH;
    case SyslogFacility::kAuthpriv:
      return LOG_AUTHPRIV;
    case SyslogFacility::kCron:
      return LOG_CRON;
    case SyslogFacility::kDaemon:
      return LOG_DAEMON;
    case SyslogFacility::kFtp:
      return LOG_FTP;
    case SyslogFacility::kKern:
      return LOG_KERN;
    case SyslogFacility::kLpr:
      return LOG_LPR;
    case SyslogFacility::kMail:
      return LOG_MAIL;
    case SyslogFacility::kNews:
      return LOG_NEWS;
    case SyslogFacility::kSyslog:
      return LOG_SYSLOG;
    case SyslogFacility::kUser:
      return LOG_USER;
    case SyslogFacility::kUucp:
      return LOG_UUCP;
    case SyslogFacility::kLocal0:
      return LOG_LOCAL0;
    case SyslogFacility::kLocal1:
      return LOG_LOCAL1;
    case SyslogFacility::kLocal2:
      return LOG_LOCAL2;
    case SyslogFacility::kLocal3:
      return LOG_LOCAL3;
    case SyslogFacility::kLocal4:
      return LOG_LOCAL4;
    case SyslogFacility::kLocal5:
      return LOG_LOCAL5;
    case SyslogFacility::kLocal6:
      return LOG_LOCAL6;
    case SyslogFacility::kLocal7:
      return LOG_LOCAL7;
  }
  return LOG_DAEMON;
}

spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::kNoise:
      return spdlog::level::trace;
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
    case LogLevel::kFatal:
      return spdlog::level::critical;
  }
  return spdlog::level::info;
}

}  // namespace

int syslog_priority(LogLevel level) {
  switch (level) {
    case LogLevel::kNoise:
    case LogLevel::kDebug:
      return LOG_DEBUG;
    case LogLevel::kInfo:
      return LOG_INFO;
    case LogLevel::kWarning:
      return LOG_WARNING;
    case LogLevel::kError:
      return LOG_ERR;
    case LogLevel::kFatal:
      return LOG_CRIT;
  }
  return LOG_INFO;
}

SyslogSink::SyslogSink(const std::string& ident, SyslogFacility facility)
    : sink_(std::make_shared<spdlog::sinks::syslog_sink_st>(ident, 0, facility_number(facility),
                                                            false)) {}

// The pid of syslog's own header would be the logger's, so the writer's is put into the text.
void SyslogSink::write(const LogRecord& record, std::string_view /*line*/, int64_t /*now_us*/) {
  body_.clear();
  fmt::format_to(fmt::appender(body_), "[{}] ", record.pid);
  append_text_body(body_, record);
  const spdlog::string_view_t text(body_.data(), body_.size());
  sink_->log(spdlog::details::log_msg(spdlog::string_view_t{}, spdlog_level(record.level), text));
}

}  // namespace pgring
