// Connections and workers that die, cancelled statements, clients that leave.
#include <doctest/doctest.h>

#include <chrono>
#include <fstream>
#include <thread>

#include "tests/process/fake_master.h"
#include "tests/process/test_server.h"

namespace pgring::test {
namespace {

// Waits until SQL gives `wanted`.
void await_sql(const std::string& sql, const std::string& wanted) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (run_sql(sql) != wanted) {
    if (std::chrono::steady_clock::now() > deadline) FAIL("waited in vain for: " << sql);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

const std::string kSleepers =
    "select count(*) from pg_stat_activity where state = 'active' and query ~ '^select pg_sleep'";

std::string pid_of_session(FakeMaster& master) {
  return master.query("select pg_backend_pid()").rows();
}

bool has_pending(pid_t process, int signal) {
  std::ifstream status("/proc/" + std::to_string(process) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (!line.starts_with("ShdPnd:")) continue;
    return (std::stoull(line.substr(7), nullptr, 16) >> (signal - 1) & 1) != 0;
  }
  return false;
}

// The only connection's backend does nothing until it is continued; then it finds the cancel before
// the statement.
struct StoppedBackend : FakeMaster {
  pid_t backend = 0;

  StoppedBackend() {
    LaneConfig lane = config();
    lane.pool_size = 1;
    configure(lane);
    start_worker();
    backend = std::stoi(pid_of_session(*this));
    kill(backend, SIGSTOP);
  }
  uint32_t submit_and_request(std::string_view sql, uint32_t bits) {
    const uint32_t task = submit(simple_query(sql));
    read_until([&] {
      return TaskWord::unpack(state.tasks[task].word.load()).state == TaskState::kSent;
    });
    request(task, bits);
    read_until([&] { return has_pending(backend, SIGINT); });
    kill(backend, SIGCONT);
    return task;
  }
};

}  // namespace

TEST_CASE("a read that its connection's death interrupts is given back") {
  FakeMaster master;
  master.start_worker();
  const std::string pid = pid_of_session(master);
  const uint32_t task = master.submit(simple_query("select pg_sleep(30)"),
                                      {.traffic = TaskTraffic::kIndependentRead});
  await_sql(kSleepers, "1");
  run_sql("select pg_terminate_backend(" + pid + ")");
  CHECK(master.wait(task).retried());
  CHECK(master.query("select 1").rows() == "1");
}

TEST_CASE("the server's farewell reaches the client of a statement that may have taken effect") {
  FakeMaster master;
  master.start_worker();
  const std::string pid = pid_of_session(master);
  const uint32_t task = master.submit(simple_query("select pg_sleep(30)"));
  await_sql(kSleepers, "1");
  run_sql("select pg_terminate_backend(" + pid + ")");
  const Answer answer = master.wait(task);
  CHECK(answer.failed());
  CHECK((answer.last.flags & kFrameFatal) != 0);
  CHECK(answer.sqlstate() == "57P01");
}

TEST_CASE("a linked client learns that its connection died while it was idle") {
  FakeMaster master;
  master.start_worker();
  CHECK(master.query("begin", {.client = 7}).linked());
  const std::string pid =
      master.query("select pg_backend_pid()", {.client = 7, .mailbox = true}).rows();
  run_sql("select pg_terminate_backend(" + pid + ")");
  master.read_until([&] { return master.other(FrameKind::kLinkLost) != nullptr; });
  const Frame* lost = master.other(FrameKind::kLinkLost);
  CHECK(lost->header.task == 7);
  CHECK(lost->payload.find("57P01") != std::string::npos);
  const Answer late = master.query("select 1", {.client = 7, .mailbox = true});
  CHECK(late.failed());
  CHECK(late.sqlstate() == "08006");
}

TEST_CASE("nothing is claimed while the database is away") {
  FakeMaster master;
  LaneConfig config = master.config();
  std::snprintf(config.conninfo, sizeof config.conninfo, "host=/nonexistent user=x dbname=x");
  master.configure(config);
  master.start_worker();
  const uint32_t task = master.submit(simple_query("select 1"));
  master.read_until([&] { return master.other(FrameKind::kLoginFailed) != nullptr; });
  const Frame* failed = master.other(FrameKind::kLoginFailed);
  CHECK((failed->header.flags & kFrameNoServer) != 0);
  CHECK(TaskWord::unpack(master.state.tasks[task].word.load()).state == TaskState::kReady);
  CHECK(withdraw(master.state.tasks[task]));
}

TEST_CASE("a refusal by the server is passed on with its SQLSTATE") {
  FakeMaster master;
  LaneConfig config = master.config();
  std::snprintf(config.conninfo, sizeof config.conninfo, "%s dbname=missing_one",
                test_conninfo().c_str());
  master.configure(config);
  master.start_worker();
  master.submit(simple_query("select 1"));
  master.read_until([&] { return master.other(FrameKind::kLoginFailed) != nullptr; });
  const Frame* failed = master.other(FrameKind::kLoginFailed);
  CHECK((failed->header.flags & kFrameNoServer) == 0);
  CHECK(wire::error_field(std::string_view(failed->payload).substr(5), 'C') == "3D000");
  CHECK(wire::error_field(std::string_view(failed->payload).substr(5), 'M') ==
        "database \"missing_one\" does not exist");
}

TEST_CASE("a running statement is cancelled") {
  FakeMaster master;
  master.start_worker();
  const uint32_t task = master.submit(simple_query("select pg_sleep(30)"));
  await_sql(kSleepers, "1");
  master.request(task, kRequestCancel);
  const Answer answer = master.wait(task);
  CHECK(answer.ended());
  CHECK(answer.sqlstate() == "57014");
  CHECK(master.query("select 1").rows() == "1");
}

TEST_CASE("a cancel that PostgreSQL got before the statement is sent again") {
  StoppedBackend master;
  const Answer answer =
      master.wait(master.submit_and_request("select pg_sleep(30)", kRequestCancel));
  CHECK(answer.ended());
  CHECK(answer.sqlstate() == "57014");
  CHECK(master.query("select 1").rows() == "1");
}

TEST_CASE("a COPY whose client left before PostgreSQL had begun it does not go on") {
  run_sql("drop table if exists left_over; create table left_over (n int)");
  StoppedBackend master;
  CHECK(master.wait(master.submit_and_request("copy left_over from stdin", kRequestAbandon))
            .failed());
  const std::string backend = std::to_string(master.backend);
  await_sql("select count(*) from pg_stat_activity where pid = " + backend, "0");
  CHECK(master.query("select 1").rows() == "1");
}

TEST_CASE("a neighbour that a cancel request hits runs again, and nobody else is disturbed") {
  FakeMaster master;
  LaneConfig config = master.config();
  config.pipeline_depth = 8;
  master.configure(config);
  master.start_worker();
  CHECK(master.query("select 1").ended());
  const TaskOptions read{.traffic = TaskTraffic::kIndependentRead};
  const uint32_t slow = master.submit(simple_query("select pg_sleep(30)"), read);
  std::vector<uint32_t> behind;
  for (int i = 0; i < 5; ++i) behind.push_back(master.submit(simple_query("select 3"), read));
  await_sql(kSleepers, "1");
  master.request(slow, kRequestCancel);
  CHECK(master.wait(slow).sqlstate() == "57014");
  for (const uint32_t task : behind) {
    const Answer answer = master.wait(task);
    const bool fine = answer.retried() || answer.rows() == "3";
    CHECK(fine);
  }
}

TEST_CASE("an abandoned statement is cancelled and its reply thrown away") {
  FakeMaster master;
  master.start_worker();
  const uint32_t task = master.submit(simple_query("select pg_sleep(30)"));
  await_sql(kSleepers, "1");
  master.request(task, kRequestAbandon);
  const Answer answer = master.wait(task);
  CHECK(answer.ended());
  CHECK(answer.bytes.empty());
  CHECK(master.query("select 1").rows() == "1");
}

TEST_CASE("a client that leaves inside a transaction has it rolled back") {
  FakeMaster master;
  master.start_worker();
  run_sql("drop table if exists left_over; create table left_over (n int)");
  CHECK(master.query("begin").linked());
  CHECK(master.query("insert into left_over values (1)", {.mailbox = true}).linked());
  const Answer released = master.run("", {.kind = TaskKind::kRelease, .mailbox = true});
  CHECK(released.ended());
  CHECK(master.query("select count(*) from left_over").rows() == "0");
}

TEST_CASE("session pooling: the reset query runs between two clients") {
  FakeMaster master;
  master.start_worker();
  CHECK(master.query("set work_mem = '7MB'", {.client = 1, .session = true}).linked());
  CHECK(master.query("show work_mem", {.client = 1, .session = true, .mailbox = true}).rows() ==
        "7MB");
  CHECK(master.run("", {.client = 1, .kind = TaskKind::kRelease, .mailbox = true}).ended());
  CHECK(master.query("show work_mem", {.client = 2, .session = true}).rows() == "4MB");
}

TEST_CASE("the successor of a killed worker cancels what was left running") {
  FakeMaster master;
  master.start_worker();
  master.submit(simple_query("select pg_sleep(30)"));
  await_sql(kSleepers, "1");
  master.kill_worker(SIGKILL);
  master.wait_worker();
  master.state.lanes[0].shares[1].connections.store(0);
  master.start_worker();
  await_sql(kSleepers, "0");
  CHECK(master.query("select 1").rows() == "1");
}

TEST_CASE("a notice from outside of any statement reaches the linked client") {
  FakeMaster master;
  master.start_worker();
  CHECK(master.query("listen pgring_news", {.client = 9, .session = true}).linked());
  run_sql("notify pgring_news, 'hello'");
  master.read_until([&] { return master.other(FrameKind::kAsync) != nullptr; });
  CHECK(master.other(FrameKind::kAsync)->header.task == 9);
  CHECK(master.other(FrameKind::kAsync)->payload[0] == 'A');
}

}  // namespace pgring::test
