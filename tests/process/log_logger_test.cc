// The logger process: stopped, hanging, killed, replaced, and at the end of its master.
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>

#include "common/doorbell.h"
#include "master/logger_process.h"
#include "tests/process/log_process.h"
#include "tests/unit/log_directory.h"

namespace pgring {
namespace {

using Clock = std::chrono::steady_clock;

// A ring, a directory and what it takes to start loggers. This process is master and producer.
class LoggerTest {
 public:
  LoggerTest()
      : shared_(2, 1 << 20), doorbell_(Doorbell::create()), life_(make_pipe(PipeMode::kBlocking)) {
    config.to_stderr = false;
    config.logfile = directory.file("p.log");
    log_to_ring(shared_.ring, 0, {LogProcessKind::kMaster, 0}, &doorbell_);
  }
  ~LoggerTest() { log_to_stderr({}); }
  LoggerTest(const LoggerTest&) = delete;
  LoggerTest& operator=(const LoggerTest&) = delete;

  LogChild start() {
    return LogChild([this] {
      life_.write.reset();
      return run_logger(config, shared_.ring, life_.read.get(), doorbell_);
    });
  }
  void end_master() { life_.write.reset(); }
  const LogRing& ring() const { return shared_.ring; }
  std::string log() const { return file_content(config.logfile); }
  bool logged(std::string_view text) const {
    return comes_true([&] { return log().find(text) != std::string::npos; });
  }

  LogDirectory directory;
  LogConfig config;

 private:
  SharedLogRing shared_;
  Doorbell doorbell_;
  Pipe life_;
};

uint64_t lines_with(const std::string& content, std::string_view text) {
  uint64_t count = 0;
  for (std::size_t at = content.find(text); at != std::string::npos;
       at = content.find(text, at + 1)) {
    ++count;
  }
  return count;
}

// Nobody may be slow because of the logger: a record costs microseconds, a disk's pause seconds.
void log_quickly(int records) {
  const auto begin = Clock::now();
  for (int i = 0; i < records; ++i) log_info("record {}", i);
  CHECK(Clock::now() - begin < std::chrono::seconds(5));
}

TEST_CASE("a stopped logger stops nobody, and says exactly how much it has missed") {
  LoggerTest test;
  LogChild logger = test.start();
  log_error("first");
  REQUIRE(test.logged("first"));
  logger.signal(SIGSTOP);
  int status = 0;
  REQUIRE(::waitpid(logger.pid(), &status, WUNTRACED) == logger.pid());
  REQUIRE(WIFSTOPPED(status));

  log_quickly(100'000);
  const uint64_t dropped = test.ring().dropped();
  CHECK(dropped > 50'000);
  logger.signal(SIGCONT);
  CHECK(comes_true([&] { return lines_with(test.log(), ": record ") + dropped == 100'000; }));
  CHECK(comes_true([&] { return reported_drops(test.log()) == dropped; }));
}

TEST_CASE("a log file that hangs stops nobody") {
  LoggerTest test;
  REQUIRE(::mkfifo(test.config.logfile.c_str(), 0600) == 0);
  LogChild logger = test.start();  // hangs in open() until someone reads
  log_quickly(100'000);
  const uint64_t dropped = test.ring().dropped();
  CHECK(dropped > 0);

  const Fd reader(::open(test.config.logfile.c_str(), O_RDONLY | O_NONBLOCK));
  REQUIRE(reader);
  std::string content;
  const auto read_on = [&] {
    std::string chunk(65536, '\0');
    const ssize_t length = ::read(reader.get(), chunk.data(), chunk.size());
    if (length > 0) content.append(chunk, 0, static_cast<std::size_t>(length));
    return reported_drops(content) == dropped &&
           lines_with(content, ": record ") + dropped == 100'000;
  };
  CHECK(comes_true(read_on));
}

TEST_CASE("records of a killed logger are written by the next one") {
  LoggerTest test;
  LogChild logger = test.start();
  int written = 0;
  for (int kills = 0; kills < 20; ++kills) {
    for (int i = 0; i < 300; ++i) log_info("record {};", written++);
    if (kills % 2 == 0) REQUIRE(test.logged("record " + std::to_string(written - 1) + ';'));
    logger.kill_hard();
    for (int i = 0; i < 20; ++i) log_info("record {};", written++);
    logger = test.start();
  }
  log_error("last");
  REQUIRE(test.logged("last"));
  CHECK(test.ring().dropped() == 0);
  const std::string content = test.log();
  for (int i = 0; i < written; ++i) {
    CAPTURE(i);
    REQUIRE(content.find("record " + std::to_string(i) + ";\n") != std::string::npos);
  }
}

TEST_CASE("the end of the master: everything on the ring is written, then the logger leaves") {
  LoggerTest test;
  for (int i = 0; i < 100; ++i) log_info("record {}", i);
  LogChild logger = test.start();
  log_info("before the end");
  test.end_master();
  log_info("farewell");
  CHECK(logger.wait() == 0);
  const std::string content = test.log();
  CHECK(lines_with(content, ": record ") == 100);
  CHECK(content.ends_with("farewell\n"));
}

TEST_CASE("SIGTERM from its master hands over, from anyone else it is not for the logger") {
  LoggerTest test;
  LogChild logger = test.start();
  log_error("started");
  REQUIRE(test.logged("started"));
  LogChild stranger([&] { return ::kill(logger.pid(), SIGTERM); });
  CHECK(stranger.wait() == 0);
  logger.signal(SIGINT);
  log_error("still there");
  REQUIRE(test.logged("still there"));

  log_info("before the hand-over");
  logger.signal(SIGTERM);
  CHECK(logger.wait() == 0);
  CHECK(test.log().ends_with("before the hand-over\n"));

  log_info("between two loggers");
  test.config.logfile = test.directory.file("q.log");
  LogChild next = test.start();
  REQUIRE(test.logged("between two loggers"));
}

TEST_CASE("SIGHUP: a file that was moved away is made anew") {
  LoggerTest test;
  LogChild logger = test.start();
  log_error("one");
  REQUIRE(test.logged("one"));
  std::filesystem::rename(test.config.logfile, test.directory.file("p.log.1"));
  logger.signal(SIGHUP);
  REQUIRE(comes_true([&] { return std::filesystem::exists(test.config.logfile); }));
  log_error("two");
  REQUIRE(test.logged("two"));
  CHECK(lines_with(file_content(test.directory.file("p.log.1")), "two") == 0);
}

TEST_CASE("bad settings end the logger with a message, not with a core") {
  LoggerTest test;
  test.config.directory = test.directory.path();
  test.config.filename = "%Q";
  const Pipe captured = make_pipe(PipeMode::kBlocking);
  LogChild logger([&] {
    ::dup2(captured.write.get(), STDERR_FILENO);
    const Doorbell doorbell = Doorbell::create();
    return run_logger(test.config, test.ring(), captured.read.get(), doorbell);
  });
  CHECK(WEXITSTATUS(logger.wait()) == 1);
  std::string line(256, '\0');
  const ssize_t length = ::read(captured.read.get(), line.data(), line.size());
  REQUIRE(length > 0);
  CHECK(line.find("logger FATAL: logger: log_filename: unknown sequence \"%Q\"") !=
        std::string::npos);
}

}  // namespace
}  // namespace pgring
