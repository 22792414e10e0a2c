// What the logger process must know. Filled from the settings; a reload that changes any of it is
// carried out by a new logger process, because only the master reads the configuration.
#pragma once

#include <cstdint>
#include <string>

#include "common/settings.h"

namespace pgring {

struct LogConfig {
  bool to_stderr = true;
  LogFormat format = LogFormat::kText;  // of lines on stderr and in files

  std::string logfile;  // one fixed name, reopened on request and else left alone; empty: none

  std::string directory;  // of files that are turned over here; empty: none
  std::string filename;   // pattern, see log_file_name.h
  Duration rotation_age{};
  uint64_t rotation_size = 0;  // bytes
  int retention_count = 0;     // 0 in these four: no limit
  Duration retention_age{};
  bool compress = false;

  bool to_syslog = false;
  bool to_journald = false;
  std::string syslog_ident = "pgring";
  SyslogFacility syslog_facility = SyslogFacility::kDaemon;

  bool operator==(const LogConfig&) const = default;
};

LogConfig log_config_from(const Settings& settings);

}  // namespace pgring
