// The standard error sink. A terminal stopped with Ctrl-S or a pipe nobody reads must not keep the
// files waiting, so a line goes out only when it can; the others are counted.
#pragma once

#include "master/logger_sink.h"

namespace pgring {

class TerminalSink : public LogSink {
 public:
  explicit TerminalSink(int fd) : fd_(fd) {}  // stays the caller's

  void write(const LogRecord& record, std::string_view line, int64_t now_us) override;

 private:
  bool writable(int timeout_ms) const;

  int fd_;
  bool torn_ = false;  // the last line went out in part
};

}  // namespace pgring
