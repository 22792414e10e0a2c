// How many connections there are, and what is done with them between clients.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "common/platform.h"
#include "tests/process/fake_master.h"
#include "tests/process/test_server.h"

namespace pgring::test {

TEST_CASE("the pool's limit holds, and min_pool_size is kept open") {
  FakeMaster master;
  LaneConfig lane = master.config();
  lane.pool_size = 3;
  lane.min_pool_size = 2;
  master.configure(lane);
  master.start_worker();
  const auto open = [&] { return master.state.lanes[0].shares[1].connections.load(); };
  master.read_until([&] { return master.state.lanes[0].shares[1].idle.load() == 2; });
  std::vector<uint32_t> tasks;
  for (int i = 0; i < 10; ++i)
    tasks.push_back(master.submit(simple_query("select pg_sleep(0.05)")));
  for (const uint32_t task : tasks) CHECK(master.wait(task).ended());
  CHECK(open() == 3);
}

TEST_CASE("what stands in line gets connections: short reads one for each core, others one each") {
  FakeMaster master;
  LaneConfig lane = master.config();
  lane.pool_size = 9;
  lane.pipeline_depth = 8;
  lane.pipeline_stall_us = 10'000'000;  // nobody leaves a line
  master.configure(lane);
  master.start_worker();
  const LaneShare& share = master.state.lanes[0].shares[1];
  CHECK(master.query("select 1").ended());
  REQUIRE(share.connections.load() == 1);
  const TaskOptions read{.traffic = TaskTraffic::kIndependentRead};
  const auto in_line = [&](const char* sql) {
    std::vector<uint32_t> tasks;
    for (int i = 0; i < 6; ++i) tasks.push_back(master.submit(simple_query(sql), read));
    for (const uint32_t task : tasks) CHECK(master.wait(task).ended());
  };
  // None has been slow so far.
  in_line("select pg_sleep(0.03)");
  const uint32_t cores = std::max(2u, cpu_count());
  CHECK(share.connections.load() == std::min(cores, 6u));
  for (int i = 0; i < 4; ++i) in_line("select pg_sleep(0.1)");
  CHECK(share.gathering.load() == 0);
  CHECK(share.connections.load() >= 6);
  const uint64_t pipelined = master.state.workers[1].counters.tasks_pipelined.load();
  in_line("select pg_sleep(0.1)");
  CHECK(master.state.workers[1].counters.tasks_pipelined.load() == pipelined);
}

TEST_CASE("min_pool_size is kept open when the server closes what nobody uses") {
  FakeMaster master;
  LaneConfig lane = master.config();
  lane.pool_size = 3;
  lane.min_pool_size = 2;
  std::strcpy(lane.connect_query, "set application_name = 'kept open'");
  master.configure(lane);
  master.start_worker();
  const std::atomic<uint64_t>& opened = master.state.workers[1].counters.connections_opened;
  const auto both_idle = [&] { return master.state.lanes[0].shares[1].idle.load() == 2; };
  master.read_until([&] { return opened.load() == 2 && both_idle(); });
  run_sql(
      "select count(pg_terminate_backend(pid)) from pg_stat_activity where application_name = "
      "'kept open'");
  master.read_until([&] { return opened.load() == 4 && both_idle(); });
}

TEST_CASE("a task behind what the connection itself asks for does not open another") {
  FakeMaster master;
  LaneConfig lane = master.config();
  std::strcpy(lane.check_query, "select pg_sleep(0.1)");
  lane.server_check_delay_us = 0;
  master.configure(lane);
  master.start_worker();
  for (int i = 0; i < 3; ++i) CHECK(master.query("select 1").ended());
  CHECK(master.state.lanes[0].shares[1].connections.load() == 1);
}

TEST_CASE("the reserve opens only when a task has waited long enough") {
  FakeMaster master;
  LaneConfig lane = master.config();
  lane.reserve_pool_size = 1;
  lane.reserve_pool_timeout_us = 100'000;
  master.configure(lane);
  master.start_worker();
  const auto open = [&] { return master.state.lanes[0].shares[1].connections.load(); };
  CHECK(master.query("select 1").ended());
  CHECK(open() == 1);
  const uint32_t slow = master.submit(simple_query("select pg_sleep(0.5)"));
  const uint32_t late = master.submit(simple_query("select 2"));
  CHECK(master.wait(late).rows() == "2");
  CHECK(open() == 2);
  CHECK(master.wait(slow).ended());
}

TEST_CASE("a connection that was idle for long is checked before it is used") {
  FakeMaster master;
  LaneConfig lane = master.config();
  std::strcpy(lane.check_query, "create temp table if not exists checked ()");
  lane.server_check_delay_us = 0;
  master.configure(lane);
  master.start_worker();
  CHECK(master.query("select 1").ended());
  CHECK(master.query("select to_regclass('checked')").rows() == "checked");
  std::strcpy(lane.check_query, "select 1/0");
  master.configure(lane);
  const Answer refused = master.query("select 1");
  INFO("kind ", static_cast<int>(refused.last.kind), " ", refused.sqlstate());
  CHECK(refused.retried());
}

TEST_CASE("max_db_connections: an idle connection of another lane makes room") {
  FakeMaster master;
  LaneConfig lane = master.config();
  lane.max_db_connections = 1;
  master.configure(lane, 0);
  master.configure(lane, 1);
  master.start_worker();
  for (uint32_t i = 0; i < 4; ++i) CHECK(master.query("select 1", {.lane = i % 2}).rows() == "1");
}

TEST_CASE("connect_query runs on every new connection") {
  FakeMaster master;
  LaneConfig lane = master.config();
  std::strcpy(lane.connect_query, "set work_mem = '9MB'");
  master.configure(lane);
  master.start_worker();
  CHECK(master.query("show work_mem").rows() == "9MB");
}

}  // namespace pgring::test
