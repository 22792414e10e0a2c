// The pid file between processes: refused while its holder lives, taken over afterwards.
#include "master/pid_file.h"

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

#include "common/platform.h"

namespace pgring {
namespace {

struct Directory {
  std::string path = (std::filesystem::temp_directory_path() / "pgring_pid_XXXXXX").string();
  Directory() { REQUIRE(::mkdtemp(path.data()) != nullptr); }
  ~Directory() { std::filesystem::remove_all(path); }
  std::string file() const { return path + "/pgringd.pid"; }
};

std::string content(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// A process that takes the file and holds it until it is ended.
struct Holder {
  pid_t pid = -1;
  Fd life;

  explicit Holder(const std::string& path) {
    Pipe taken = make_pipe(PipeMode::kBlocking);
    Pipe end = make_pipe(PipeMode::kBlocking);
    pid = ::fork();
    REQUIRE(pid >= 0);
    if (pid == 0) {
      end.write.reset();
      hold(path, taken.write.get(), end.read.get());
    }
    taken.write.reset();
    char byte = 0;
    REQUIRE(::read(taken.read.get(), &byte, 1) == 1);
    life = std::move(end.write);
  }

  [[noreturn]] static void hold(const std::string& path, int taken, int end) {
    {
      const PidFile file = PidFile::take(path);
      char byte = 0;
      if (::write(taken, "x", 1) != 1) ::_exit(1);
      if (::read(end, &byte, 1) != 0) ::_exit(1);
    }
    ::_exit(0);
  }

  void wait() {
    REQUIRE(::waitpid(pid, nullptr, 0) == pid);
    pid = -1;
  }
  void end() {
    life.reset();
    wait();
  }
  void kill() {
    ::kill(pid, SIGKILL);
    wait();
  }
  ~Holder() {
    if (pid < 0) return;
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
  }
};

}  // namespace

TEST_CASE("the pid file holds the pid and goes with its owner") {
  const Directory directory;
  {
    const PidFile file = PidFile::take(directory.file());
    CHECK(content(directory.file()) == std::to_string(::getpid()) + "\n");
    CHECK_FALSE(file.stale().has_value());
  }
  CHECK_FALSE(std::filesystem::exists(directory.file()));
}

TEST_CASE("a pid file that a live process holds is refused, naming its pid") {
  const Directory directory;
  Holder holder(directory.file());
  CHECK(PidFile::holder(directory.file()) == holder.pid);
  std::string message;
  try {
    PidFile::take(directory.file());
  } catch (const std::runtime_error& error) {
    message = error.what();
  }
  CHECK(message == "pid file " + directory.file() + ": pgringd is already running with pid " +
                       std::to_string(holder.pid));
  CHECK(content(directory.file()) == std::to_string(holder.pid) + "\n");
  holder.end();
  CHECK_FALSE(PidFile::holder(directory.file()).has_value());
  CHECK_FALSE(std::filesystem::exists(directory.file()));
}

TEST_CASE("the pid file of a killed daemon is taken over") {
  const Directory directory;
  Holder holder(directory.file());
  const pid_t killed = holder.pid;
  holder.kill();
  CHECK(content(directory.file()) == std::to_string(killed) + "\n");
  CHECK_FALSE(PidFile::holder(directory.file()).has_value());
  const PidFile file = PidFile::take(directory.file());
  CHECK(file.stale() == killed);
  CHECK(content(directory.file()) == std::to_string(::getpid()) + "\n");
}

TEST_CASE("a stale pid file is taken over even if its pid runs something else now") {
  const Directory directory;
  std::ofstream(directory.file()) << "1\n";
  const PidFile file = PidFile::take(directory.file());
  CHECK(file.stale() == 1);
}

TEST_CASE("a pid file with anything in it is taken over") {
  const Directory directory;
  std::ofstream(directory.file()) << "not a pid, and longer than one could ever be\n";
  const PidFile file = PidFile::take(directory.file());
  CHECK_FALSE(file.stale().has_value());
  CHECK(content(directory.file()) == std::to_string(::getpid()) + "\n");
}

TEST_CASE("a child that ends leaves the pid file and its lock alone") {
  const Directory directory;
  PidFile file = PidFile::take(directory.file());
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    // The destructor of an inherited copy, as in a worker that returns from main().
    { const PidFile inherited = std::move(file); }
    ::_exit(PidFile::holder(directory.file()) == ::getppid() ? 0 : 1);
  }
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
  CHECK(std::filesystem::exists(directory.file()));
}

TEST_CASE("a pid file that cannot be made says why") {
  const Directory directory;
  CHECK_THROWS_WITH(PidFile::take(directory.path + "/missing/pgringd.pid"),
                    ("pid file " + directory.path +
                     "/missing/pgringd.pid: cannot be opened: No such file or directory")
                        .c_str());
  CHECK_FALSE(PidFile::holder(directory.path + "/missing/pgringd.pid").has_value());
}

}  // namespace pgring
