// The sink for systemd's journal: a record's fields become the journal's.
#pragma once

#include <string>
#include <vector>

#include "common/log_fields.h"
#include "master/logger_sink.h"

namespace pgring {

class JournalSink : public LogSink {
 public:
  explicit JournalSink(std::string ident) : ident_(std::move(ident)) {}

  void write(const LogRecord& record, std::string_view line, int64_t now_us) override;

 private:
  void add(LogField field, std::string_view value);
  void add(LogField field, uint64_t number);
  void add_statement(const StatementTimes& times, std::string_view text);

  std::string ident_;
  std::vector<std::string> fields_;
};

}  // namespace pgring
