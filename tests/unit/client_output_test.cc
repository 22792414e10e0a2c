// Bytes towards a client that reads slowly, not at all, or is gone.
#include "master/client_output.h"

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <random>
#include <string>

#include "common/fd.h"

namespace pgring {
namespace {

struct Pair {
  Pair() {
    int fds[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) == 0);
    near.reset(fds[0]);
    far.reset(fds[1]);
  }
  std::string read_some(std::size_t most) {
    std::string bytes(most, '\0');
    const ssize_t n = ::read(far.get(), bytes.data(), most);
    bytes.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    return bytes;
  }
  Fd near, far;
};

TEST_CASE("client output: what the socket takes is gone at once") {
  Pair pair;
  OutputStore store(4);
  ClientOutput output;
  CHECK(output.write(pair.near.get(), store, "hello") == WriteResult::kDone);
  CHECK(output.pending() == 0);
  CHECK(store.lent_bytes() == 0);
  CHECK(pair.read_some(100) == "hello");
}

TEST_CASE("client output: the rest waits and keeps its order") {
  Pair pair;
  OutputStore store(4);
  ClientOutput output;
  std::mt19937 random(2);
  std::string sent, got;
  while (sent.size() < 3'000'000) {
    std::string part(1 + random() % 60000, '\0');
    for (char& c : part) c = static_cast<char>(random());
    sent += part;
    CHECK(output.write(pair.near.get(), store, part) != WriteResult::kBroken);
    got += pair.read_some(random() % 40000);
    CHECK(output.flush(pair.near.get(), store) != WriteResult::kBroken);
  }
  while (got.size() < sent.size()) {
    got += pair.read_some(100000);
    REQUIRE(output.flush(pair.near.get(), store) != WriteResult::kBroken);
  }
  CHECK(got == sent);
  CHECK(output.pending() == 0);
  CHECK(store.lent_bytes() == 0);
}

TEST_CASE("client output: pending counts bytes, the store counts chunks") {
  Pair pair;
  OutputStore store(4);
  ClientOutput output;
  output.queue(store, std::string(kOutputChunk + 1, 'x'));
  CHECK(output.pending() == kOutputChunk + 1);
  CHECK(store.lent_bytes() == 2 * kOutputChunk);
  output.queue(store, std::string(kOutputChunk - 1, 'y'));
  CHECK(store.lent_bytes() == 2 * kOutputChunk);
  output.clear(store);
  CHECK(output.pending() == 0);
  CHECK(store.lent_bytes() == 0);
  CHECK(output.flush(pair.near.get(), store) == WriteResult::kDone);
}

TEST_CASE("client output: more chunks than one writev takes") {
  Pair pair;
  OutputStore store(4);
  ClientOutput output;
  const std::string bytes(40 * kOutputChunk, 'z');
  output.queue(store, bytes);
  std::string got;
  while (output.flush(pair.near.get(), store) == WriteResult::kPending) {
    got += pair.read_some(1 << 20);
  }
  while (got.size() < bytes.size()) got += pair.read_some(1 << 20);
  CHECK(got == bytes);
}

TEST_CASE("client output: a client that is gone is broken, never a signal") {
  Pair pair;
  OutputStore store(4);
  ClientOutput output;
  const auto before = ::signal(SIGPIPE, SIG_IGN);  // as the daemon does
  pair.far.reset();
  CHECK(output.write(pair.near.get(), store, "x") == WriteResult::kBroken);
  output.queue(store, "y");
  CHECK(output.flush(pair.near.get(), store) == WriteResult::kBroken);
  output.clear(store);
  ::signal(SIGPIPE, before);
}

TEST_CASE("client output: chunks are lent again, and spare ones beyond the limit are freed") {
  OutputStore store(1);
  OutputChunk* first = store.lend();
  OutputChunk* second = store.lend();
  first->end = 5;
  store.give_back(first);
  store.give_back(second);
  OutputChunk* again = store.lend();
  CHECK(again == first);
  CHECK(again->end == 0);
  CHECK(again->next == nullptr);
  store.give_back(again);
}

}  // namespace
}  // namespace pgring
