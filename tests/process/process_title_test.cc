// The process title as other processes see it, in /proc. Each test works in a child, for the title
// takes the memory of the arguments for good.
#include "common/process_title.h"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "common/platform.h"

namespace pgring {
namespace {

std::string file_content(const char* path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// What ps shows: the command line without the zero bytes at its end.
std::string shown_title() {
  std::string line = file_content("/proc/self/cmdline");
  line.erase(line.find_last_not_of('\0') + 1);
  return line;
}

// This program's own argv, from the address that field 48 of /proc/self/stat tells (proc(5)).
std::vector<char*> own_arguments() {
  std::string stat = file_content("/proc/self/stat");
  std::size_t position = stat.rfind(')');
  for (int field = 2; field < 48; ++field) position = stat.find(' ', position + 1);
  char* argument = reinterpret_cast<char*>(std::stoul(stat.substr(position + 1)));
  const std::string line = file_content("/proc/self/cmdline");
  std::vector<char*> arguments;
  for (std::size_t at = 0; at < line.size(); at += std::strlen(line.c_str() + at) + 1) {
    arguments.push_back(argument + at);
  }
  arguments.push_back(nullptr);
  return arguments;
}

bool holds_in_child(const std::function<bool(const ProcessTitle&)>& check) {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::setenv("PGRING_TITLE_TEST", "kept", 1);
    std::vector<char*> arguments = own_arguments();
    const ProcessTitle title(static_cast<int>(arguments.size()) - 1, arguments.data());
    ::_exit(check(title) ? 0 : 1);
  }
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return status == 0;
}

}  // namespace

TEST_CASE("ps shows who is who") {
  if (!arguments_are_shown()) return;
  CHECK(holds_in_child([](const ProcessTitle& title) {
    title.set("worker 1");
    return shown_title() == "pgringd: worker 1";
  }));
}

TEST_CASE("a shorter title leaves nothing of a longer one") {
  if (!arguments_are_shown()) return;
  CHECK(holds_in_child([](const ProcessTitle& title) {
    title.set("a role with a rather long name to begin with");
    title.set("worker 2");
    return shown_title() == "pgringd: worker 2";
  }));
}

TEST_CASE("the short name tells the roles apart, and the master keeps the program's") {
  if (!arguments_are_shown()) return;
  CHECK(holds_in_child([](const ProcessTitle& title) {
    title.set("worker 1");
    if (file_content("/proc/self/comm") != "pgringd:worker1\n") return false;
    title.set("master");
    return file_content("/proc/self/comm") == "pgringd\n" && shown_title() == "pgringd: master";
  }));
}

TEST_CASE("the environment survives even the longest title") {
  CHECK(holds_in_child([](const ProcessTitle& title) {
    const std::string path = std::getenv("PATH");
    title.set(std::string(1'000'000, 'x'));
    return std::string(std::getenv("PATH")) == path &&
           std::string(std::getenv("PGRING_TITLE_TEST")) == "kept" &&
           ::setenv("PGRING_TITLE_TEST", "new", 1) == 0 &&
           std::string(std::getenv("PGRING_TITLE_TEST")) == "new";
  }));
}

}  // namespace pgring
