// One place where log lines go. The logger has several at once; one that fails neither stops the
// others nor is stopped by them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/log_record.h"

namespace pgring {

// What a sink has to tell about itself. Its failure is told once, on the other sinks; how many
// records it has lost is told when it works again.
class SinkHealth {
 public:
  void failed(std::string reason) {
    if (failing_) return;
    failing_ = true;
    notices_.push_back(reason);
    reason_ = std::move(reason);
  }
  void works() { failing_ = false; }
  void lost(uint64_t records) {
    lost_ += records;
    newly_lost_ += records;
  }
  void notice(std::string text) { notices_.push_back(std::move(text)); }

  bool failing() const { return failing_; }
  std::vector<std::string> take_notices() { return std::exchange(notices_, {}); }
  // Since the last call.
  uint64_t take_newly_lost() { return std::exchange(newly_lost_, 0); }

  struct Recovery {
    uint64_t lost;
    std::string reason;
  };
  // Once after a failure that has cost records and is over.
  std::optional<Recovery> take_recovery() {
    if (failing_ || lost_ == 0) return std::nullopt;
    return Recovery{std::exchange(lost_, 0), reason_};
  }

 private:
  bool failing_ = false;
  uint64_t lost_ = 0;
  uint64_t newly_lost_ = 0;
  std::string reason_;
  std::vector<std::string> notices_;
};

// Times are microseconds since 1970, given by the caller.
class LogSink {
 public:
  virtual ~LogSink() = default;

  // `line` is the record in the configured format, with its newline.
  virtual void write(const LogRecord& record, std::string_view line, int64_t now_us) = 0;
  // Everything written so far leaves this process.
  virtual void flush() {}
  // Opens by name again: the file may have been moved away.
  virtual void reopen(int64_t /*now_us*/) {}
  // What has time until no record waits, a few milliseconds of it. True: there is more.
  virtual bool work(int64_t /*now_us*/) { return false; }

  SinkHealth& health() { return health_; }

 private:
  SinkHealth health_;
};

}  // namespace pgring
