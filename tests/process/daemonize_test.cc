// Going to the background: the starting process exits when the daemon is ready, and as it says.
#include "master/daemonize.h"

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <functional>
#include <string>

#include "common/platform.h"

namespace pgring {
namespace {

std::string read_to_end(const Fd& fd) {
  std::string text;
  std::array<char, 512> chunk;
  for (ssize_t got = 0; (got = ::read(fd.get(), chunk.data(), chunk.size())) > 0;) {
    text.append(chunk.data(), static_cast<std::size_t>(got));
  }
  return text;
}

// A process that daemonizes and then, in the daemon, does `body`.
struct Starter {
  Pipe errors = make_pipe(PipeMode::kBlocking);  // what the starting process wrote to stderr
  pid_t pid = -1;

  explicit Starter(const std::function<void(StartupReport&)>& body) {
    pid = ::fork();
    REQUIRE(pid >= 0);
    if (pid == 0) {
      ::dup2(errors.write.get(), STDERR_FILENO);
      errors.write.reset();
      StartupReport report = daemonize();
      body(report);
      ::_exit(0);
    }
    errors.write.reset();
  }

  int exit_code() const {
    int status = -1;
    REQUIRE(::waitpid(pid, &status, 0) == pid);
    REQUIRE(WIFEXITED(status));
    return WEXITSTATUS(status);
  }
};

bool is_dev_null(int fd) {
  struct stat null {};
  struct stat open {};
  return ::stat("/dev/null", &null) == 0 && ::fstat(fd, &open) == 0 && null.st_rdev == open.st_rdev;
}

}  // namespace

TEST_CASE("the starting process waits until the daemon is ready") {
  Pipe up = make_pipe(PipeMode::kBlocking);
  Pipe go = make_pipe(PipeMode::kBlocking);
  Starter starter([&](StartupReport& report) {
    char byte = 0;
    if (::write(up.write.get(), "u", 1) != 1 || ::read(go.read.get(), &byte, 1) != 1) return;
    report.ready();
  });
  char byte = 0;
  REQUIRE(::read(up.read.get(), &byte, 1) == 1);
  CHECK(::waitpid(starter.pid, nullptr, WNOHANG) == 0);
  REQUIRE(::write(go.write.get(), "g", 1) == 1);
  CHECK(starter.exit_code() == 0);
  CHECK(read_to_end(starter.errors.read).empty());
}

TEST_CASE("a daemon has a session of its own, no terminal, directory / and no stdio") {
  Pipe result = make_pipe(PipeMode::kBlocking);
  const pid_t our_session = ::getsid(0);
  Starter starter([&](StartupReport& report) {
    std::array<char, 16> directory{};
    const bool at_root = ::getcwd(directory.data(), directory.size()) != nullptr &&
                         std::string(directory.data()) == "/";
    const bool own_session = ::getsid(0) != our_session && ::getsid(0) != ::getpid();
    const bool silent = is_dev_null(0) && is_dev_null(1) && is_dev_null(2);
    const std::string text = std::string(at_root ? "root " : "") + (own_session ? "session " : "") +
                             (silent ? "silent" : "");
    if (::write(result.write.get(), text.data(), text.size()) < 0) return;
    report.ready();
  });
  result.write.reset();
  CHECK(starter.exit_code() == 0);
  CHECK(read_to_end(result.read) == "root session silent");
}

TEST_CASE("a failed start reaches the starting process with text and exit code") {
  Starter starter([](StartupReport& report) { report.failed(3, "pgringd: port 6432 is in use"); });
  CHECK(starter.exit_code() == 3);
  CHECK(read_to_end(starter.errors.read) == "pgringd: port 6432 is in use\n");
}

TEST_CASE("a daemon that dies without a word is reported") {
  Starter starter([](StartupReport&) { ::raise(SIGKILL); });
  CHECK(starter.exit_code() == 1);
  CHECK(read_to_end(starter.errors.read) == "pgringd died before it was ready\n");
}

TEST_CASE("being ready after the starting process was killed does no harm") {
  Pipe up = make_pipe(PipeMode::kBlocking);
  Pipe go = make_pipe(PipeMode::kBlocking);
  Pipe alive = make_pipe(PipeMode::kBlocking);
  Starter starter([&](StartupReport& report) {
    char byte = 0;
    if (::write(up.write.get(), "u", 1) != 1 || ::read(go.read.get(), &byte, 1) != 1) return;
    report.ready();
    if (::write(alive.write.get(), "a", 1) != 1) ::_exit(1);
  });
  alive.write.reset();
  char byte = 0;
  REQUIRE(::read(up.read.get(), &byte, 1) == 1);
  REQUIRE(::kill(starter.pid, SIGKILL) == 0);
  REQUIRE(::waitpid(starter.pid, nullptr, 0) == starter.pid);
  REQUIRE(::write(go.write.get(), "g", 1) == 1);
  CHECK(::read(alive.read.get(), &byte, 1) == 1);
}

TEST_CASE("a process that forgets the report does not keep the starting process waiting") {
  Pipe gate =
      make_pipe(PipeMode::kBlocking);  // open as long as the test lets daemon and child live
  Starter starter([&](StartupReport& report) {
    gate.write.reset();
    const bool child = ::fork() == 0;
    if (child) {
      report.forget();
    } else {
      report.ready();
    }
    char byte = 0;
    ::_exit(::read(gate.read.get(), &byte, 1) == 0 ? 0 : 1);
  });
  CHECK(starter.exit_code() == 0);
}

}  // namespace pgring
