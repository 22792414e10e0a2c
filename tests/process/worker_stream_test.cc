// Long statements, long results, slow readers, COPY.
#include <doctest/doctest.h>

#include "tests/process/fake_master.h"
#include "tests/process/test_server.h"

namespace pgring::test {
namespace {

std::string copy_data(std::string_view line) { return message('d', line); }

}  // namespace

TEST_CASE("a statement of 20 MB passes through the payload window") {
  FakeMaster master;
  master.start_worker();
  const std::string big(20'000'000, 'x');
  const Answer answer = master.query("select length('" + big + "')");
  CHECK(answer.types() == "TDCZ");
  CHECK(answer.rows() == "20000000");
  CHECK(master.query("select 1").rows() == "1");
}

TEST_CASE("a result of 20 MB") {
  FakeMaster master;
  master.start_worker();
  const Answer answer = master.query("select repeat('y', 1000) from generate_series(1, 20000)");
  CHECK(answer.ended());
  CHECK(answer.bytes.size() > 20'000'000);
  CHECK(answer.types().size() == 20003);
}

TEST_CASE("a single value of 20 MB") {
  FakeMaster master;
  master.start_worker();
  CHECK(master.query("select repeat('y', 20000000)").rows().size() == 20'000'000);
}

TEST_CASE("a reply waits while the client does not read") {
  FakeMaster master;
  master.start_worker();
  master.delivering = false;
  const uint32_t task =
      master.submit(simple_query("select repeat('y', 1000) from generate_series(1, 20000)"));
  master.read_until([&] { return master.state.tasks[task].worker_waits.load() != 0; });
  while (master.poll_frames(200)) {
  }
  CHECK(master.received(task) >= kReplyWindow);
  CHECK(master.received(task) < kReplyWindow + 512 * 1024);
  master.delivering = true;
  master.deliver_all();
  CHECK(master.wait(task).types().size() == 20003);
}

TEST_CASE("an open stream: Flush without Sync") {
  FakeMaster master;
  master.start_worker();
  const uint32_t task = master.submit(
      parse_message("", "select 5") + bind_message("") + execute_message() + message('H', ""),
      {.closed = false});
  master.read_until([&] { return master.received(task) >= 5 + 5 + 12 + 14; });
  master.append(task, message('S', ""), true);
  CHECK(master.wait(task).types() == "12DCZ");
}

TEST_CASE("COPY from the client, simple protocol") {
  FakeMaster master;
  master.start_worker();
  run_sql("drop table if exists copied; create table copied (n int)");
  const uint32_t task = master.submit(simple_query("copy copied from stdin"));
  master.read_until([&] { return master.copy_in_seen(task); });
  std::string rows;
  for (int i = 0; i < 100'000; ++i) rows += copy_data("1234567\n");
  master.append(task, rows, false);
  master.append(task, message('c', ""), false);
  const Answer answer = master.wait(task);
  CHECK(answer.types() == "GCZ");
  CHECK(run_sql("select count(*) from copied") == "100000");
}

TEST_CASE("COPY refused in the middle of a long message") {
  FakeMaster master;
  master.start_worker();
  run_sql("drop table if exists copied; create table copied (n int)");
  const uint32_t task = master.submit(simple_query("copy copied from stdin"));
  master.read_until([&] { return master.copy_in_seen(task); });
  const std::string big = copy_data("bad\n" + std::string(3'000'000, '7'));
  master.append(task, copy_data("x\n") + big, false);
  const Answer answer = master.wait(task);
  CHECK(answer.types() == "GEZ");
  CHECK(answer.sqlstate() == "22P02");
  CHECK(answer.last.status == 'I');
  CHECK(master.query("select 1").rows() == "1");
}

TEST_CASE("COPY from the client, extended protocol: the first Sync is ignored") {
  FakeMaster master;
  master.start_worker();
  run_sql("drop table if exists copied; create table copied (n int)");
  const uint32_t task = master.submit(extended_query("copy copied from stdin"));
  master.read_until([&] { return master.copy_in_seen(task); });
  master.append(task, copy_data("1\n") + copy_data("2\n") + message('c', "") + message('S', ""),
                false);
  const Answer answer = master.wait(task);
  CHECK(answer.types() == "12nGCZ");
  CHECK(run_sql("select count(*) from copied") == "2");
  CHECK(master.query("select 1").rows() == "1");
}

TEST_CASE("COPY failed by the client, extended protocol: exactly one ReadyForQuery") {
  FakeMaster master;
  master.start_worker();
  run_sql("drop table if exists copied; create table copied (n int)");
  const uint32_t task = master.submit(extended_query("copy copied from stdin"));
  master.read_until([&] { return master.copy_in_seen(task); });
  master.append(
      task, copy_data("1\n") + message('f', std::string_view("no\0", 3)) + message('S', ""), false);
  const Answer answer = master.wait(task);
  CHECK(answer.types() == "12nGEZ");
  CHECK(answer.sqlstate() == "57014");
  CHECK(master.query("select 1").rows() == "1");
}

TEST_CASE("COPY to the client") {
  FakeMaster master;
  master.start_worker();
  const Answer answer = master.query("copy (select generate_series(1, 3)) to stdout");
  CHECK(answer.types() == "HdddcCZ");
}

}  // namespace pgring::test
