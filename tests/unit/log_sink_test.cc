// The sinks that are not files, and the way from the ring to all of them.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/uio.h>
#include <syslog.h>
#include <unistd.h>

#include <array>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include "common/doorbell.h"
#include "common/log_ring.h"
#include "common/platform.h"
#include "common/platform_journal.h"
#include "common/poller.h"
#include "master/logger.h"
#include "master/logger_journal.h"
#include "master/logger_syslog.h"
#include "master/logger_terminal.h"
#include "tests/unit/log_directory.h"

namespace {

// What syslog(3) and sd_journal_sendv(3) were given: the program's own definitions below come
// before the libraries'.
std::vector<std::string> syslog_calls;
std::vector<std::string> journal_fields;

void record_syslog(int priority, const char* format, va_list arguments) {
  std::array<char, 1024> text;
  std::vsnprintf(text.data(), text.size(), format, arguments);
  syslog_calls.push_back(std::to_string(priority) + ' ' + text.data());
}

}  // namespace

extern "C" {
void openlog(const char* ident, int option, int facility) noexcept {
  syslog_calls.push_back(std::string("open ") + ident + ' ' + std::to_string(option) + ' ' +
                         std::to_string(facility));
}
void closelog() noexcept { syslog_calls.emplace_back("close"); }
void syslog(int priority, const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  record_syslog(priority, format, arguments);
  va_end(arguments);
}
// What syslog() becomes with _FORTIFY_SOURCE.
void __syslog_chk(int priority, int /*flag*/, const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  record_syslog(priority, format, arguments);
  va_end(arguments);
}
int sd_journal_sendv(const struct iovec* parts, int count) {
  journal_fields.clear();
  for (int i = 0; i < count; ++i) {
    journal_fields.emplace_back(static_cast<const char*>(parts[i].iov_base), parts[i].iov_len);
  }
  return 0;
}
}

namespace pgring {
namespace {

using Lines = std::vector<std::string>;

constexpr int64_t kTen = 1'795'428'000'000'000;  // 2026-11-23 10:00:00 UTC

LogRecord sample() {
  LogRecord record;
  record.time_us = kTen;
  record.level = LogLevel::kError;
  record.process = {LogProcessKind::kWorker, 1};
  record.pid = 4711;
  record.context = {"10.0.0.1:5123", "web", "shop", 7};
  record.text = "te%st";
  return record;
}

std::string read_available(int fd) {
  std::string content(1 << 20, '\0');
  const ssize_t length = ::read(fd, content.data(), content.size());
  content.resize(length > 0 ? static_cast<std::size_t>(length) : 0);
  return content;
}

TEST_CASE("syslog gets identity, facility, priority, and the writer's pid in the text") {
  syslog_calls.clear();
  {
    SyslogSink sink("pool7", SyslogFacility::kLocal3);
    sink.write(sample(), "", kTen);
  }
  CHECK(syslog_calls ==
        Lines{"open pool7 0 " + std::to_string(LOG_LOCAL3),
              std::to_string(LOG_ERR) +
                  " [4711] worker 1 ERROR client=10.0.0.1:5123 user=web db=shop session=7: te%st",
              "close"});
  CHECK(syslog_priority(LogLevel::kNoise) == LOG_DEBUG);
  CHECK(syslog_priority(LogLevel::kFatal) == LOG_CRIT);
}

TEST_CASE("the journal gets a record's fields as fields") {
  JournalSink sink("pool7");
  sink.write(sample(), "", kTen);
  if (journal_available()) {
    CHECK(journal_fields == Lines{"SYSLOG_IDENTIFIER=pool7", "MESSAGE=te%st", "PRIORITY=3",
                                  "SYSLOG_PID=4711", "PGRING_PROCESS=worker 1",
                                  "PGRING_CLIENT=10.0.0.1:5123", "PGRING_USER=web",
                                  "PGRING_DATABASE=shop", "PGRING_SESSION=7"});
  } else {
    CHECK(sink.health().take_notices() ==
          Lines{"the journal does not take records: Function not implemented"});
  }
}

TEST_CASE("the journal gets a statement's times and text as fields of their own") {
  JournalSink sink("pool7");
  LogRecord record = sample();
  record.statement = {250'512, 94, 250'101, 317};
  sink.write(record, "", kTen);
  if (!journal_available()) return;
  CHECK(journal_fields[1] == "MESSAGE=slow statement");
  CHECK(Lines(journal_fields.end() - 5, journal_fields.end()) ==
        Lines{"PGRING_TOTAL_US=250512", "PGRING_QUEUE_US=94", "PGRING_SERVER_US=250101",
              "PGRING_CLIENT_US=317", "PGRING_STATEMENT=te%st"});
}

TEST_CASE("a terminal that takes nothing stops nobody, and what it missed is counted") {
  const Pipe pipe = make_pipe(PipeMode::kNonBlocking);
  TerminalSink sink(pipe.write.get());
  const std::string line = std::string(999, 'x') + '\n';
  uint64_t lost = 0;
  int written = 0;
  while (lost < 100) {
    sink.write({}, line, kTen);
    const uint64_t now_lost = sink.health().take_newly_lost();
    written += now_lost == 0;
    lost += now_lost;
  }
  CHECK(sink.health().take_notices() == Lines{"standard error does not take log lines"});
  CHECK_FALSE(sink.health().take_recovery());
  std::string content = read_available(pipe.read.get());
  sink.write({}, "next\n", kTen);
  content += read_available(pipe.read.get());
  const auto recovery = sink.health().take_recovery();
  REQUIRE(recovery);
  CHECK(recovery->lost == 100);
  // A line that went out in part is ended before the next one begins.
  CHECK(content.ends_with("\nnext\n"));
  CHECK(content.size() >= static_cast<std::size_t>(written) * line.size());
}

struct RingMemory {
  explicit RingMemory(unsigned slots)
      : size(LogRing::bytes_needed(slots, LogRing::kMinSlotBytes)),
        bytes(static_cast<std::byte*>(std::aligned_alloc(64, (size + 63) / 64 * 64)), std::free) {}
  LogRing ring(unsigned slots) const {
    return LogRing::create({bytes.get(), size}, slots, LogRing::kMinSlotBytes);
  }
  std::size_t size;
  std::unique_ptr<std::byte, void (*)(void*)> bytes;
};

LogConfig quiet() {
  LogConfig config;
  config.to_stderr = false;
  return config;
}

TEST_CASE("the logger writes a batch to every file and gives its room back") {
  const LogDirectory directory;
  const RingMemory memory(2);
  const LogRing ring = memory.ring(2);
  LogConfig config = quiet();
  config.logfile = directory.file("fixed.log");
  config.directory = directory.path();
  config.filename = "p-%H%M.log";
  config.format = LogFormat::kJson;
  Logger logger(config, ring);
  CHECK(logger.drain(kTen) == Logger::Drained::kNothing);
  ring.write(1, sample());
  CHECK(logger.drain(kTen) == Logger::Drained::kAll);
  CHECK(logger.drain(kTen) == Logger::Drained::kNothing);
  const std::string line =
      R"({"time":"2026-11-23T10:00:00.000000Z","level":"error","process":"worker 1","pid":4711,)"
      R"("client":"10.0.0.1:5123","user":"web","database":"shop","session":7,"message":"te%st"})"
      "\n";
  CHECK(directory.read("fixed.log") == line);
  CHECK(directory.read("p-1000.log") == line);
}

TEST_CASE("dropped records are reported once, with their exact number") {
  const LogDirectory directory;
  const RingMemory memory(2);
  const LogRing ring = memory.ring(2);
  LogConfig config = quiet();
  config.logfile = directory.file("p.log");
  int accepted = 0;
  for (int i = 0; i < 2000; ++i) {
    accepted += ring.write(static_cast<unsigned>(i % 2), sample()) != LogRing::Written::kDropped;
  }
  Logger logger(config, ring);
  while (logger.drain(kTen) != Logger::Drained::kNothing) continue;
  const std::string content = directory.read("p.log");
  CHECK(std::count(content.begin(), content.end(), '\n') == accepted + 1);
  CHECK(content.ends_with("logger WARNING: " + std::to_string(2000 - accepted) +
                          " log records dropped: the log ring was full\n"));
}

TEST_CASE("a file that fails is named on stderr and, when it works again, in itself") {
  const LogDirectory directory;
  const RingMemory memory(1);
  const LogRing ring = memory.ring(1);
  LogConfig config = quiet();
  config.logfile = directory.file("p.log");
  config.directory = directory.file("other");
  config.filename = "o.log";
  std::filesystem::create_symlink("/dev/full", config.logfile);

  const Fd before(::dup(STDERR_FILENO));
  const Fd captured(::open(directory.file("stderr").c_str(), O_WRONLY | O_CREAT, 0600));
  REQUIRE(::dup2(captured.get(), STDERR_FILENO) == STDERR_FILENO);
  Logger logger(config, ring);
  for (int i = 0; i < 3; ++i) {
    ring.write(0, sample());
    logger.drain(kTen);
  }
  ::dup2(before.get(), STDERR_FILENO);

  const std::string notice = "logger ERROR: log file \"" + config.logfile +
                             "\" could not be written: No space left on device\n";
  CHECK(directory.read("stderr").ends_with(notice));
  const std::string other = directory.read("other/o.log");
  CHECK(std::count(other.begin(), other.end(), '\n') == 4);
  CHECK(other.find(notice) != std::string::npos);
  CHECK(ring.dropped() == 3);

  std::filesystem::remove(config.logfile);
  logger.reopen(kTen);
  ring.write(0, sample());
  logger.drain(kTen);
  const std::string content = directory.read("p.log");
  CHECK(std::count(content.begin(), content.end(), '\n') == 2);
  CHECK(content.find("3 log records dropped: log file") != std::string::npos);
}

bool rung(const Doorbell& doorbell) {
  const auto poller = Poller::create();
  poller->add(doorbell.fd(), 1, Interest::kRead);
  std::array<PollEvent, 1> events;
  const bool readable = poller->wait(events, 0) == 1;
  if (readable) doorbell.clear();
  return readable;
}

TEST_CASE("the level is that of every process on the ring, as soon as it is set") {
  const RingMemory memory(1);
  const LogRing ring = memory.ring(1);
  log_to_ring(ring, 0, {LogProcessKind::kWorker, 2}, nullptr);
  CHECK_FALSE(log_enabled(LogLevel::kDebug));
  ring.set_level(LogLevel::kDebug);  // by the master, in another process
  CHECK(log_enabled(LogLevel::kDebug));
  set_log_level(LogLevel::kError);
  CHECK(ring.level() == LogLevel::kError);
  CHECK_FALSE(log_enabled(LogLevel::kWarning));
  set_log_level(LogLevel::kInfo);
  log_to_stderr({});
}

TEST_CASE("only errors and a slot that fills up wake the logger") {
  const RingMemory memory(1);
  const LogRing ring = memory.ring(1);
  const Doorbell doorbell = Doorbell::create();
  log_to_ring(ring, 0, {LogProcessKind::kWorker, 2}, &doorbell);
  log_info("number {}", 1);
  CHECK_FALSE(rung(doorbell));
  log_error("number {}", 2);
  CHECK(rung(doorbell));
  log_info("{}", std::string(kMaxLogText * 2, 'x'));
  CHECK_FALSE(rung(doorbell));
  log_debug("not at this level");
  log_info("{}", std::string(kMaxLogText, 'x'));
  CHECK(rung(doorbell));
  errno = EAGAIN;
  log(LogLevel::kWarning, {"c", "", "", 5}, "last");
  CHECK(errno == EAGAIN);
  log_to_stderr({});

  LogRingReader reader(ring);
  reader.begin();
  CHECK(reader.next()->text == "number 1");
  const auto second = reader.next();
  REQUIRE(second);
  CHECK(second->level == LogLevel::kError);
  CHECK(second->process.number == 2);
  CHECK(second->pid == ::getpid());
  CHECK(reader.next()->text.ends_with("xxx [truncated]"));
  CHECK(reader.next()->text == std::string(kMaxLogText, 'x'));
  CHECK(reader.next()->context.session == 5);
  CHECK_FALSE(reader.next());
}

}  // namespace
}  // namespace pgring
