// Log files: names, turning over by size and time, retention, compression, full disks.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <array>
#include <csignal>
#include <memory>

#include "master/logger_file_sink.h"
#include "tests/unit/log_directory.h"

namespace pgring {
namespace {

using Names = std::vector<std::string>;

constexpr int64_t kSecond = 1'000'000;
constexpr int64_t kMinute = 60 * kSecond;
constexpr int64_t kTen = 1'795'428'000 * kSecond;  // 2026-11-23 10:00:00 UTC

LogConfig config_in(const LogDirectory& directory, const std::string& filename) {
  LogConfig config;
  config.directory = directory.path();
  config.filename = filename;
  return config;
}

void put(LogSink& sink, std::string_view line, int64_t now_us) {
  sink.write(LogRecord{}, line, now_us);
  sink.flush();
}

void set_modified(const std::string& path, int64_t time_us) {
  const timespec time{time_us / kSecond, time_us % kSecond * 1000};
  const std::array<timespec, 2> times = {time, time};
  REQUIRE(::utimensat(AT_FDCWD, path.c_str(), times.data(), 0) == 0);
}

std::string gunzip(const std::string& path) {
  const gzFile file = gzopen(path.c_str(), "rb");
  REQUIRE(file != nullptr);
  CHECK(gzdirect(file) == 0);
  std::string content;
  std::array<char, 4096> chunk;
  for (int length = 0; (length = gzread(file, chunk.data(), chunk.size())) > 0;) {
    content.append(chunk.data(), static_cast<std::size_t>(length));
  }
  CHECK(gzclose(file) == Z_OK);
  return content;
}

TEST_CASE("log file names: the time to the second") {
  CHECK(LogFileName("pgring-%Y-%m-%d_%H%M%S.log").expand(kTen + 7 * kSecond) ==
        "pgring-2026-11-23_100007.log");
  CHECK(LogFileName("%F-%j-%y-100%%").expand(kTen) == "2026-11-23-327-26-100%");
  CHECK_THROWS_AS(LogFileName("a%"), std::invalid_argument);
  CHECK_THROWS_AS(LogFileName("a%Q"), std::invalid_argument);
  CHECK_THROWS_AS(LogFileName("a/b"), std::invalid_argument);
  CHECK_THROWS_AS(LogFileName(""), std::invalid_argument);
}

TEST_CASE("log file names: ours are recognised and no others") {
  const LogFileName name("pg*[%Y]-%H.log");
  CHECK(name.matches("pg*[2026]-10.log"));
  CHECK(name.matches("pg*[2026]-10.log.gz"));
  CHECK(name.matches("pg*[2026]-10.log.12"));
  CHECK(name.matches("pg*[2026]-10.log.12.gz"));
  CHECK_FALSE(name.matches("pgx[2026]-10.log"));
  CHECK_FALSE(name.matches("pg*2-10.log"));
  CHECK_FALSE(name.matches("pg*[2026]-1x.log"));
  CHECK_FALSE(name.matches("pg*[2026]-10.log.x"));
  CHECK_FALSE(name.matches("pg*[2026]-10.log.gz.part"));
  CHECK_FALSE(name.matches("pg*[2026]-10.log."));
  CHECK(log_file_number("a.log", "a.log.12.gz") == 12);
  CHECK(log_file_number("a.log", "a.log") == 0);
  CHECK(log_file_number("a.log", "b.log.3") == 0);
}

TEST_CASE("a new file by size, never longer than the limit, the current one under its own name") {
  const LogDirectory directory;
  LogConfig config = config_in(directory, "p.log");
  config.rotation_size = 20;
  RotatingFileSink sink(config);
  for (const char* line : {"111111111\n", "222222222\n", "333333333\n"}) {
    sink.write({}, line, kTen);
  }
  put(sink, "a line longer than the limit goes into a file of its own\n", kTen);
  CHECK(directory.names() == Names{"p.log", "p.log.1", "p.log.2"});
  CHECK(directory.read("p.log.1") == "111111111\n222222222\n");
  CHECK(directory.read("p.log.2") == "333333333\n");
  CHECK(directory.read("p.log").starts_with("a line"));
}

TEST_CASE("a new file by minute, with the time in its name") {
  const LogDirectory directory;
  LogConfig config = config_in(directory, "p-%H%M%S.log");
  config.rotation_age = std::chrono::minutes(1);
  RotatingFileSink sink(config);
  put(sink, "one\n", kTen + 1 * kSecond);
  put(sink, "two\n", kTen + 59 * kSecond);
  put(sink, "three\n", kTen + 60 * kSecond);
  put(sink, "four\n", kTen + 200 * kSecond);
  CHECK(directory.names() == Names{"p-100001.log", "p-100100.log", "p-100320.log"});
  CHECK(directory.read("p-100001.log") == "one\ntwo\n");
}

TEST_CASE("a new file by day and by hour begins with the day and the hour") {
  const LogDirectory directory;
  for (const auto& [age, last] :
       {std::pair{std::chrono::hours(1), kTen + 59 * kMinute},
        std::pair{std::chrono::hours(24), kTen + (14 * 60 - 1) * kMinute}}) {
    LogConfig config = config_in(directory, "h%S-%j-%H%M.log");
    config.rotation_age = age;
    RotatingFileSink sink(config);
    put(sink, "one\n", kTen);
    put(sink, "two\n", last);
    CHECK(directory.names().size() == 1);
    put(sink, "three\n", last + kMinute);
    CHECK(directory.names().size() == 2);
    for (const auto& name : directory.names()) std::filesystem::remove(directory.file(name));
  }
}

TEST_CASE("a restart goes on in the same file, or begins a new one if that is of another time") {
  const LogDirectory directory;
  LogConfig config = config_in(directory, "p.log");
  config.rotation_age = std::chrono::hours(1);
  put(*std::make_unique<RotatingFileSink>(config), "one\n", kTen);
  set_modified(directory.file("p.log"), kTen);
  put(*std::make_unique<RotatingFileSink>(config), "two\n", kTen + kMinute);
  CHECK(directory.read("p.log") == "one\ntwo\n");
  set_modified(directory.file("p.log"), kTen);
  put(*std::make_unique<RotatingFileSink>(config), "three\n", kTen + 60 * kMinute);
  CHECK(directory.names() == Names{"p.log", "p.log.1"});
  CHECK(directory.read("p.log.1") == "one\ntwo\n");
  CHECK(directory.read("p.log") == "three\n");
}

TEST_CASE("retention by count keeps the youngest and touches nothing else") {
  const LogDirectory directory;
  LogConfig config = config_in(directory, "p-%H%M%S.log");
  config.rotation_age = std::chrono::minutes(1);
  config.retention_count = 3;
  directory.write("other.log", "not ours");
  directory.write("p-1000.log", "not ours either");
  RotatingFileSink sink(config);
  for (int i = 0; i < 6; ++i) {
    put(sink, "line\n", kTen + i * kMinute);
    set_modified(directory.file(fmt::format("p-100{}00.log", i)), kTen + i * kMinute);
  }
  CHECK(directory.names() ==
        Names{"other.log", "p-1000.log", "p-100300.log", "p-100400.log", "p-100500.log"});
}

TEST_CASE("retention by age deletes while nothing is turned over, too") {
  const LogDirectory directory;
  LogConfig config = config_in(directory, "p-%H%M%S.log");
  config.retention_age = std::chrono::hours(1);
  directory.write("p-080000.log.gz", "old");
  set_modified(directory.file("p-080000.log.gz"), kTen - 61 * kMinute);
  directory.write("p-090100.log", "young");
  set_modified(directory.file("p-090100.log"), kTen - 59 * kMinute);
  RotatingFileSink sink(config);
  put(sink, "line\n", kTen);
  CHECK(directory.names() == Names{"p-090100.log", "p-100000.log"});
  sink.work(kTen + 30 * kSecond);
  CHECK(directory.names().size() == 2);
  sink.work(kTen + 2 * kMinute);
  CHECK(directory.names() == Names{"p-100000.log"});
}

TEST_CASE("finished files are compressed step by step and keep their time") {
  const LogDirectory directory;
  LogConfig config = config_in(directory, "p-%H%M%S.log");
  config.rotation_age = std::chrono::minutes(1);
  config.compress = true;
  directory.write("p-080000.log.gz.part", "left by a logger that was killed");
  RotatingFileSink sink(config);
  std::string content;
  for (int i = 0; i < 30000; ++i) content += "line " + std::to_string(i) + '\n';
  put(sink, content, kTen);
  CHECK_FALSE(sink.work(kTen));
  set_modified(directory.file("p-100000.log"), kTen);
  put(sink, "next\n", kTen + kMinute);
  int steps = 0;
  while (sink.work(kTen + kMinute)) {
    ++steps;
    CHECK(directory.read("p-100000.log").size() == content.size());  // until the other is complete
  }
  CHECK(steps >= static_cast<int>(content.size() / 65536));
  CHECK(directory.names() == Names{"p-100000.log.gz", "p-100100.log"});
  CHECK(gunzip(directory.file("p-100000.log.gz")) == content);
  struct stat status {};
  REQUIRE(::stat(directory.file("p-100000.log.gz").c_str(), &status) == 0);
  CHECK(status.st_mtime == kTen / kSecond);
  CHECK((status.st_mode & 0777) == 0640);
}

TEST_CASE("a file that retention deletes while it is being compressed does not come back") {
  const LogDirectory directory;
  LogConfig config = config_in(directory, "p-%H%M%S.log");
  config.rotation_age = std::chrono::minutes(1);
  config.compress = true;
  config.retention_count = 2;
  RotatingFileSink sink(config);
  put(sink, std::string(1 << 20, 'x') + '\n', kTen);
  set_modified(directory.file("p-100000.log"), kTen);
  put(sink, "line\n", kTen + kMinute);
  REQUIRE(sink.work(kTen + kMinute));  // has begun
  set_modified(directory.file("p-100100.log"), kTen + kMinute);
  put(sink, "line\n", kTen + 2 * kMinute);
  while (sink.work(kTen + 2 * kMinute)) continue;
  CHECK(directory.names() == Names{"p-100100.log.gz", "p-100200.log"});
  CHECK(sink.health().take_notices().empty());
}

TEST_CASE("a logger killed while compressing has left a part: the next one starts over") {
  const LogDirectory directory;
  LogConfig config = config_in(directory, "p-%H%M%S.log");
  config.compress = true;
  directory.write("p-080000.log", "finished");
  directory.write("p-080000.log.gz.part", "half");
  RotatingFileSink sink(config);
  put(sink, "line\n", kTen);
  while (sink.work(kTen)) continue;
  CHECK(directory.names() == Names{"p-080000.log.gz", "p-100000.log"});
  CHECK(gunzip(directory.file("p-080000.log.gz")) == "finished");
}

TEST_CASE("reopen: a file that was moved away is made anew") {
  const LogDirectory directory;
  FileSink sink(directory.file("p.log"));
  put(sink, "one\n", kTen);
  std::filesystem::rename(directory.file("p.log"), directory.file("moved"));
  put(sink, "two\n", kTen);
  sink.reopen(kTen);
  put(sink, "three\n", kTen);
  CHECK(directory.read("moved") == "one\ntwo\n");
  CHECK(directory.read("p.log") == "three\n");
}

TEST_CASE("reopen that cannot succeed loses nothing: the old file stays in use") {
  const LogDirectory directory;
  std::filesystem::create_directory(directory.file("sub"));
  FileSink sink(directory.file("sub/p.log"));
  put(sink, "one\n", kTen);
  std::filesystem::rename(directory.file("sub"), directory.file("moved"));
  sink.reopen(kTen);
  CHECK(sink.health().take_notices().size() == 1);
  put(sink, "two\n", kTen);
  CHECK(directory.read("moved/p.log") == "one\ntwo\n");
  CHECK_FALSE(sink.health().take_recovery());
}

TEST_CASE("a log file that cannot be opened: told once, counted, tried again each second") {
  const LogDirectory directory;
  FileSink sink(directory.file("sub/p.log"));
  for (int i = 0; i < 10; ++i) put(sink, "lost\n", kTen + i);
  put(sink, "lost\n", kTen + kSecond + 1);
  const auto notices = sink.health().take_notices();
  REQUIRE(notices.size() == 1);
  CHECK(notices[0].ends_with("sub/p.log\" could not be opened: No such file or directory"));
  CHECK(sink.health().take_newly_lost() == 11);
  CHECK_FALSE(sink.health().take_recovery());
  std::filesystem::create_directory(directory.file("sub"));
  put(sink, "lost\n", kTen + kSecond + 2);  // the next second has not come
  put(sink, "written\n", kTen + 3 * kSecond);
  CHECK(directory.read("sub/p.log") == "written\n");
  const auto recovery = sink.health().take_recovery();
  REQUIRE(recovery);
  CHECK(recovery->lost == 12);
  CHECK(recovery->reason == notices[0]);
}

TEST_CASE("the log directory is made if there is none") {
  const LogDirectory directory;
  LogConfig config = config_in(directory, "p.log");
  config.directory += "/made";
  RotatingFileSink sink(config);
  put(sink, "line\n", kTen);
  CHECK(directory.read("made/p.log") == "line\n");
}

TEST_CASE("a full disk: told once, counted exactly") {
  FileSink sink("/dev/full");
  for (int i = 0; i < 3; ++i) {
    sink.write({}, "one\n", kTen);
    put(sink, "two\n", kTen);
  }
  const auto notices = sink.health().take_notices();
  REQUIRE(notices.size() == 1);
  CHECK(notices[0] == "log file \"/dev/full\" could not be written: No space left on device");
  CHECK(sink.health().take_newly_lost() == 6);
}

// The limit on a file's size makes a write fail in the middle, as a full disk does.
class SizeLimit {
 public:
  explicit SizeLimit(rlim_t bytes) {
    handler_ = std::signal(SIGXFSZ, SIG_IGN);
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &before_) == 0);
    const rlimit limit{bytes, before_.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &limit) == 0);
  }
  ~SizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }
  SizeLimit(const SizeLimit&) = delete;
  SizeLimit& operator=(const SizeLimit&) = delete;

 private:
  rlimit before_{};
  void (*handler_)(int);
};

TEST_CASE("a disk that fills up in the middle of a line leaves whole lines only") {
  const LogDirectory directory;
  FileSink sink(directory.file("p.log"));
  {
    const SizeLimit limit(25);
    for (const char* line : {"111111111\n", "222222222\n", "333333333\n", "444444444\n"}) {
      sink.write({}, line, kTen);
    }
    sink.flush();
    CHECK(sink.health().failing());
  }
  CHECK(directory.read("p.log") == "111111111\n222222222\n");
  put(sink, "555555555\n", kTen);
  CHECK(directory.read("p.log") == "111111111\n222222222\n555555555\n");
  const auto recovery = sink.health().take_recovery();
  REQUIRE(recovery);
  CHECK(recovery->lost == 2);
}

}  // namespace
}  // namespace pgring
