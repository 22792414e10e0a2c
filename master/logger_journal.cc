// Records for systemd's journal. Field names as in systemd.journal-fields(7); ours begin with
// PGRING_. Through libsystemd itself because spdlog's sink passes only the text.
#include "master/logger_journal.h"

#include <fmt/format.h>

#include <cstring>

#include "common/log_format.h"
#include "common/platform_journal.h"
#include "master/logger_syslog.h"

namespace pgring {

void JournalSink::add(std::string_view name, std::string_view value) {
  if (!value.empty()) fields_.push_back(fmt::format("{}={}", name, value));
}

void JournalSink::write(const LogRecord& record, std::string_view /*line*/, int64_t /*now_us*/) {
  LogLine process;
  append_process(process, record.process);
  fields_.clear();
  add("MESSAGE", record.text);
  add("PRIORITY", std::to_string(syslog_priority(record.level)));
  add("SYSLOG_IDENTIFIER", ident_);
  add("SYSLOG_PID", std::to_string(record.pid));
  add("PGRING_PROCESS", {process.data(), process.size()});
  add("PGRING_CLIENT", record.context.client);
  add("PGRING_USER", record.context.user);
  add("PGRING_DATABASE", record.context.database);
  if (record.context.session != 0) add("PGRING_SESSION", std::to_string(record.context.session));
  const int error = journal_send(fields_);
  if (error == 0) {
    health().works();
  } else {
    health().failed(fmt::format("the journal does not take records: {}", std::strerror(error)));
    health().lost(1);
  }
}

}  // namespace pgring
