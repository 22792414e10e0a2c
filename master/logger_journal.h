// The sink for systemd's journal: a record's fields become the journal's.
#pragma once

#include <string>
#include <vector>

#include "master/logger_sink.h"

namespace pgring {

class JournalSink : public LogSink {
 public:
  explicit JournalSink(std::string ident) : ident_(std::move(ident)) {}

  void write(const LogRecord& record, std::string_view line, int64_t now_us) override;

 private:
  void add(std::string_view name, std::string_view value);

  std::string ident_;
  std::vector<std::string> fields_;
};

}  // namespace pgring
