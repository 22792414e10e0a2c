// Bytes towards a client that reads slowly, not at all, or is gone.
#include "master/client_output.h"

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "common/fd.h"
#include "common/platform.h"

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

// `got` of what was `sent` has been read.
void check_all_comes(Pair& pair, OutputStore& store, ClientOutput& output, const std::string& sent,
                     std::string got) {
  while (got.size() < sent.size()) {
    got += pair.read_some(100000);
    REQUIRE(output.flush(pair.near.get(), store) != WriteResult::kBroken);
  }
  CHECK(got == sent);
  CHECK(output.pending() == 0);
}

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
  check_all_comes(pair, store, output, sent, got);
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

// A pipe whose bytes are to be moved.
struct Source {
  Source() : pipe(make_pipe(PipeMode::kNonBlocking)) {
    set_pipe_size(pipe.write.get(), 1024 * 1024);
  }
  void fill(std::string_view bytes) {
    REQUIRE(::write(pipe.write.get(), bytes.data(), bytes.size()) ==
            static_cast<ssize_t>(bytes.size()));
  }
  int fd() const { return pipe.read.get(); }
  Pipe pipe;
};

// More than the socket takes.
const std::string kTooMuch(600'000, 'm');

TEST_CASE("client output: what is moved and not taken waits, and goes before what is written") {
  if (!splice_available()) return;
  Pair pair;
  Source source;
  OutputStore store(4);
  ClientOutput output;
  source.fill(kTooMuch);
  const ssize_t moved = output.move(pair.near.get(), store, source.fd(), kTooMuch.size());
  REQUIRE(moved > 0);
  const std::size_t held = output.pending();
  CHECK(held > 0);
  CHECK(store.lent_bytes() == 0);
  CHECK(output.write(pair.near.get(), store, "behind") == WriteResult::kPending);
  source.fill("x");
  CHECK(output.move(pair.near.get(), store, source.fd(), 1) == -1);  // it would overtake
  CHECK(output.pending() == held + 6);
  std::string got;
  while (output.flush(pair.near.get(), store) == WriteResult::kPending) {
    got += pair.read_some(100'000);
  }
  while (output.pending() == 0 && got.size() < static_cast<std::size_t>(moved) + 6) {
    got += pair.read_some(100'000);
  }
  CHECK(got == kTooMuch.substr(0, static_cast<std::size_t>(moved)) + "behind");
}

TEST_CASE("client output: written or moved, taken or not, the order is kept") {
  if (!splice_available()) return;
  Pair pair;
  Source source;
  OutputStore store(4);
  ClientOutput output;
  std::mt19937 random(3);
  std::string sent, got, left;  // left: in the source
  const auto part = [&] {
    std::string bytes(1 + random() % 60000, '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    return bytes;
  };
  while (sent.size() < 3'000'000) {
    if (left.empty()) {
      left = part();
      source.fill(left);
    }
    const ssize_t moved = output.move(pair.near.get(), store, source.fd(), 1 + random() % 60000);
    if (moved > 0) {
      sent += left.substr(0, static_cast<std::size_t>(moved));
      left.erase(0, static_cast<std::size_t>(moved));
    }
    if (random() % 4 == 0) {
      const std::string bytes = part();
      sent += bytes;
      CHECK(output.write(pair.near.get(), store, bytes) != WriteResult::kBroken);
    }
    got += pair.read_some(random() % 60000);
    CHECK(output.flush(pair.near.get(), store) != WriteResult::kBroken);
  }
  check_all_comes(pair, store, output, sent, got);
}

TEST_CASE("client output: an empty source, one that has ended, and a client that is gone") {
  if (!splice_available()) return;
  const auto before = ::signal(SIGPIPE, SIG_IGN);
  Pair pair;
  Source source;
  OutputStore store(4);
  ClientOutput output;
  CHECK(output.move(pair.near.get(), store, source.fd(), 10) == -1);
  CHECK(output.pending() == 0);
  source.fill("for nobody");
  pair.far.reset();
  CHECK(output.move(pair.near.get(), store, source.fd(), 10) == -1);  // write() will tell why
  CHECK(output.pending() == 0);
  std::string left(100, '\0');
  CHECK(::read(source.fd(), left.data(), left.size()) == 10);
  source.pipe.write.reset();
  CHECK(output.move(pair.near.get(), store, source.fd(), 10) == 0);
  ::signal(SIGPIPE, before);
}

TEST_CASE("client output: pipes are lent to so many, are lent again, and are not needed") {
  if (!splice_available()) return;
  OutputStore store(4);
  std::vector<std::unique_ptr<OverflowPipe>> lent;
  while (std::unique_ptr<OverflowPipe> pipe = store.lend_pipe()) lent.push_back(std::move(pipe));
  CHECK(lent.size() == OutputStore::kMostPipes);
  Pair pair;
  Source source;
  ClientOutput output;
  source.fill(kTooMuch);
  const ssize_t taken = output.move(pair.near.get(), store, source.fd(), kTooMuch.size());
  CHECK(taken > 0);
  CHECK(output.pending() == 0);
  CHECK(output.move(pair.near.get(), store, source.fd(), kTooMuch.size()) == -1);
  store.give_back(std::move(lent.back()));
  lent.pop_back();
  CHECK(output.move(pair.near.get(), store, source.fd(), kTooMuch.size()) > 0);
  CHECK(output.pending() > 0);
  CHECK(store.lend_pipe() == nullptr);
  output.clear(store);  // with what is in it: it cannot be lent to others
  const std::unique_ptr<OverflowPipe> fresh = store.lend_pipe();
  REQUIRE(fresh);
  CHECK(fresh->filled == 0);
  char byte;
  CHECK(::read(fresh->pipe.read.get(), &byte, 1) == -1);
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
