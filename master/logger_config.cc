// From the settings to the logger's configuration.
#include "master/logger_config.h"

namespace pgring {

LogConfig log_config_from(const Settings& settings) {
  LogConfig config;
  const bool kept_off = settings.log_destination.automatic && settings.start_options.no_terminal;
  config.to_stderr = settings.log_destination.stderr_stream && !kept_off;
  config.format = settings.log_format;
  if (settings.log_destination.file) {
    config.logfile = settings.logfile;
    config.directory = settings.log_directory;
    config.filename = settings.log_filename;
  }
  config.rotation_age = settings.log_rotation_age;
  config.rotation_size = settings.log_rotation_size;
  config.retention_count = settings.log_retention_count;
  config.retention_age = settings.log_retention_age;
  config.compress = settings.log_compress;
  config.to_syslog = settings.log_destination.syslog;
  config.to_journald = settings.log_destination.journald;
  config.syslog_ident = settings.syslog_ident;
  config.syslog_facility = settings.syslog_facility;
  return config;
}

}  // namespace pgring
