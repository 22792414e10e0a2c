// A worker against a real PostgreSQL: units, streams, links.
#include <doctest/doctest.h>

#include <atomic>

#include "tests/process/fake_master.h"

namespace pgring::test {

TEST_CASE("a simple query is answered byte for byte") {
  FakeMaster master;
  master.start_worker();
  const Answer answer = master.query("select 42");
  CHECK(answer.ended());
  CHECK(answer.last.status == 'I');
  CHECK_FALSE(answer.linked());
  CHECK(answer.types() == "TDCZ");
  CHECK(answer.rows() == "42");
  const Frame* hello = master.other(FrameKind::kHello);
  REQUIRE(hello != nullptr);
  CHECK(hello->payload.find("server_version") != std::string::npos);
}

TEST_CASE("an extended unit") {
  FakeMaster master;
  master.start_worker();
  const Answer answer = master.run(extended_query("select 7"));
  CHECK(answer.types() == "12TDCZ");
  CHECK(answer.rows() == "7");
}

TEST_CASE("a transaction links client and connection") {
  FakeMaster master;
  master.start_worker();
  Answer answer = master.query("begin");
  CHECK(answer.linked());
  CHECK(answer.last.status == 'T');
  answer = master.query("select 1", {.mailbox = true});
  CHECK(answer.linked());
  CHECK(answer.rows() == "1");
  answer = master.query("commit", {.mailbox = true});
  CHECK_FALSE(answer.linked());
  CHECK(answer.last.status == 'I');
}

TEST_CASE("an error inside a transaction keeps the link") {
  FakeMaster master;
  master.start_worker();
  CHECK(master.query("begin").linked());
  const Answer answer = master.query("select 1/0", {.mailbox = true});
  CHECK(answer.last.status == 'E');
  CHECK((answer.flags & kFrameHasError) != 0);
  CHECK(answer.sqlstate() == "22012");
  CHECK(answer.linked());
}

TEST_CASE("where lingering does not pay, each wait is slept through") {
  constexpr uint64_t kQueries = 100;
  FakeMaster master;
  master.start_worker();
  const auto ask = [&] {
    for (uint64_t i = 0; i < kQueries; ++i) CHECK(master.query("select 1").ended());
  };
  master.state.header->lingering.store(1);
  ask();  // soon after one another, so that the worker would linger
  master.state.header->lingering.store(0);
  const std::atomic<uint64_t>& sleeps = master.state.workers[1].counters.sleeps;
  const uint64_t before = sleeps.load();
  ask();
  CHECK(sleeps.load() - before >= kQueries);
}

TEST_CASE("stop leaves when free of work") {
  FakeMaster master;
  master.start_worker();
  CHECK(master.query("select 1").ended());
  master.state.workers[1].stop.store(1);
  master.request(0, 0);
  CHECK(master.wait_worker() == 0);
}

}  // namespace pgring::test
