// Units behind a statement that does not end, or is cancelled: they leave the line.
#include <doctest/doctest.h>

#include <cstring>
#include <string_view>
#include <vector>

#include "tests/process/fake_master.h"
#include "tests/process/test_server.h"

namespace pgring::test {
namespace {

const TaskOptions kRead{.traffic = TaskTraffic::kIndependentRead};
constexpr int64_t kStall = 30'000;  // microseconds; ten times as long and those behind leave

// One connection, in whose line everything stands.
struct Line : FakeMaster {
  Line() {
    LaneConfig lane = config();
    lane.pool_size = 1;
    lane.pipeline_depth = 8;
    lane.pipeline_stall_us = kStall;
    configure(lane);
    start_worker();
    query("select 1");
  }

  uint64_t pipelined() const { return state.workers[1].counters.tasks_pipelined.load(); }
  bool moved(const Answer& answer) const {
    return answer.retried() && (answer.last.flags & kFrameMoved) != 0;
  }
  // Until the server is at the first one of a line of so many. A cancel that comes earlier, it
  // forgets.
  void wait_running(uint64_t line) {
    const std::string sleepers =
        "select count(*) from pg_stat_activity where state = 'active' and query ~ '^select pg_sl'";
    read_until([&] { return pipelined() >= line - 1 && run_sql(sleepers) == "1"; });
  }
};

}  // namespace

TEST_CASE("those behind a statement that does not end are given back, in their order") {
  Line line;
  const uint32_t slow = line.submit(simple_query("select pg_sleep(0.7), 'slow'"), kRead);
  std::vector<uint32_t> behind;
  for (const char* sql : {"select 1", "select 1/0", "select 3"}) {
    behind.push_back(line.submit(extended_query(sql), kRead));
  }
  for (const uint32_t task : behind) CHECK(line.moved(line.wait(task)));
  CHECK(line.pipelined() == 3);
  // What the server still says to them is nobody's.
  CHECK(line.wait(slow).types() == "TDCZ");
  CHECK(line.query("select 7", kRead).rows() == "7");
  CHECK(line.query("select 8").rows() == "8");
  CHECK(line.state.workers[1].counters.connections_opened.load() == 1);
}

TEST_CASE("a unit that waits behind for its parameters is given back as well") {
  Line line;
  using namespace std::string_view_literals;
  const auto pairs = "application_name\0other\0"sv;
  ParameterSet& set = line.state.parameter_sets[1];
  set.serial = 101;
  set.length = static_cast<uint32_t>(pairs.size());
  std::memcpy(set.bytes, pairs.data(), pairs.size());
  TaskOptions other = kRead;
  other.parameter_set = 1;
  other.parameter_serial = 101;
  const uint32_t slow = line.submit(simple_query("select pg_sleep(0.7)"), kRead);
  CHECK(line.moved(line.wait(line.submit(simple_query("select 2"), other))));
  CHECK(line.wait(slow).ended());
  CHECK(line.query("show application_name", other).rows() == "other");
}

TEST_CASE("whoever stands behind a statement that is cancelled is given back") {
  Line line;
  const uint32_t slow = line.submit(simple_query("select pg_sleep(30)"), kRead);
  const uint32_t behind = line.submit(simple_query("select 2"), kRead);
  line.wait_running(2);
  line.request(slow, kRequestCancel);
  CHECK(line.moved(line.wait(behind)));
  CHECK(line.wait(slow).sqlstate() == "57014");
  CHECK(line.query("select 7", kRead).rows() == "7");
}

TEST_CASE("a unit that is cancelled behind another ends at once") {
  Line line;
  const uint32_t slow = line.submit(simple_query("select pg_sleep(0.25), 'slow'"), kRead);
  const uint32_t behind = line.submit(simple_query("select 2"), kRead);
  const uint32_t last = line.submit(simple_query("select 3"), kRead);
  line.wait_running(3);
  line.request(behind, kRequestCancel);
  const Answer cancelled = line.wait(behind);
  CHECK(cancelled.failed());
  CHECK(cancelled.sqlstate() == "57014");
  CHECK(line.received(slow) == 0);
  CHECK(line.wait(slow).ended());
  CHECK(line.wait(last).rows() == "3");
  CHECK(line.state.workers[1].counters.cancels_sent.load() == 0);
}

TEST_CASE("a statement whose client has left is cancelled once nobody stands behind it") {
  Line line;
  const uint32_t slow = line.submit(simple_query("select pg_sleep(30)"), kRead);
  const uint32_t behind = line.submit(simple_query("select 2"), kRead);
  line.wait_running(2);
  line.request(slow, kRequestAbandon);
  CHECK(line.moved(line.wait(behind)));
  CHECK(line.wait(slow).ended());
  CHECK(line.query("select 7", kRead).rows() == "7");
}

TEST_CASE("a connection's death is an attempt for the statement in front only") {
  Line line;
  const std::string pid = line.query("select pg_backend_pid()").rows();
  const uint32_t slow = line.submit(simple_query("select pg_sleep(30)"), kRead);
  const uint32_t behind = line.submit(simple_query("select 2"), kRead);
  line.wait_running(2);
  run_sql("select pg_terminate_backend(" + pid + ")");
  const Answer front = line.wait(slow);
  CHECK(front.retried());
  CHECK_FALSE(line.moved(front));
  CHECK(line.moved(line.wait(behind)));
}

TEST_CASE("nobody's statement runs in a transaction that another's left open") {
  Line line;
  run_sql("create table if not exists left_open (a int)");
  // As if the classifier were wrong.
  const uint32_t wrong = line.submit(
      simple_query("begin; insert into left_open values (1); select pg_sleep(0.02)"), kRead);
  const uint32_t behind = line.submit(simple_query("select count(*) from left_open"), kRead);
  const Answer lost = line.wait(wrong);
  CHECK(lost.failed());
  CHECK((lost.last.flags & kFrameFatal) != 0);
  CHECK(line.wait(behind).retried());
  CHECK(line.query("select count(*) from left_open").rows() == "0");
  run_sql("drop table left_open");
}

TEST_CASE("a statement that may wait for a row lock is put behind nobody") {
  Line line;
  const uint32_t slow = line.submit(simple_query("select pg_sleep(0.1)"), kRead);
  const uint32_t write =
      line.submit(simple_query("select 2"), {.traffic = TaskTraffic::kIndependentWrite});
  const uint32_t read = line.submit(simple_query("select 3"), kRead);
  CHECK(line.wait(slow).ended());
  CHECK(line.wait(write).rows() == "2");
  CHECK(line.wait(read).rows() == "3");
  CHECK(line.pipelined() == 0);
}

}  // namespace pgring::test
