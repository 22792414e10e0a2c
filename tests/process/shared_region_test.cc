// What a process that only looks at the shared mapping can do to it: nothing.
#include "common/shared_region.h"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

namespace pgring {
namespace {

constexpr std::size_t kPage = 65536;  // of any system

// How the child ended that kept the first page of two for reading and then did `act`.
template <typename Act>
int status_after(SharedRegion& region, Act act) {
  const pid_t child = fork();
  if (child == 0) {
    std::signal(SIGSEGV, SIG_DFL);
    region.keep_for_reading(kPage);
    act(region.data());
    _exit(0);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  return status;
}

}  // namespace

TEST_CASE("shared region: kept for reading it can be read and not written") {
  SharedRegion region(2 * kPage);
  volatile char* memory = region.data();
  memory[0] = 1;
  const int read = status_after(region, [](char* at) { _exit(*static_cast<volatile char*>(at)); });
  CHECK(WIFEXITED(read));
  CHECK(WEXITSTATUS(read) == 1);
  const int written = status_after(region, [](char* at) { *static_cast<volatile char*>(at) = 2; });
  CHECK(WIFSIGNALED(written));
  CHECK(memory[0] == 1);
  memory[0] = 3;  // the parent still writes
  CHECK(memory[0] == 3);
}

TEST_CASE("shared region: what is not kept is not there") {
  SharedRegion region(2 * kPage);
  const int read =
      status_after(region, [](char* at) { _exit(*static_cast<volatile char*>(at + kPage)); });
  CHECK(WIFSIGNALED(read));
}

}  // namespace pgring
