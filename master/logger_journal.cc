// Records for systemd's journal. Field names as in systemd.journal-fields(7); ours begin with
// PGRING_. Through libsystemd itself because spdlog's sink passes only the text.
#include "master/logger_journal.h"

#include <fmt/format.h>

#include <cstring>

#include "common/log_format.h"
#include "common/platform_journal.h"
#include "master/logger_syslog.h"

namespace pgring {

void JournalSink::add(LogField field, std::string_view value) {
  if (!value.empty()) fields_.push_back(fmt::format("{}={}", names_of(field).journal, value));
}

void JournalSink::add(LogField field, uint64_t number) { add(field, std::to_string(number)); }

void JournalSink::add_statement(const StatementTimes& times, std::string_view text) {
  add(LogField::kTotalTime, times.total);
  add(LogField::kQueueTime, times.queue);
  add(LogField::kServerTime, times.server);
  add(LogField::kClientTime, times.client);
  add(LogField::kStatement, text);
}

void JournalSink::write(const LogRecord& record, std::string_view /*line*/, int64_t /*now_us*/) {
  LogLine process;
  append_process(process, record.process);
  fields_.clear();
  fields_.push_back("SYSLOG_IDENTIFIER=" + ident_);
  add(LogField::kMessage, record.statement ? kSlowStatement : record.text);
  add(LogField::kLevel, std::to_string(syslog_priority(record.level)));
  add(LogField::kPid, std::to_string(record.pid));
  add(LogField::kProcess, {process.data(), process.size()});
  add(LogField::kClient, record.context.client);
  add(LogField::kUser, record.context.user);
  add(LogField::kDatabase, record.context.database);
  if (record.context.session != 0) add(LogField::kSession, record.context.session);
  if (record.statement) add_statement(*record.statement, record.text);
  const int error = journal_send(fields_);
  if (error == 0) {
    health().works();
  } else {
    health().failed(fmt::format("the journal does not take records: {}", std::strerror(error)));
    health().lost(1);
  }
}

}  // namespace pgring
