// Several units in line, directives, parameters.
#include <doctest/doctest.h>

#include <cstring>

#include "common/directive.h"
#include "tests/process/fake_master.h"
#include "tests/process/test_server.h"

namespace pgring::test {
namespace {

const TaskOptions kRead{.traffic = TaskTraffic::kIndependentRead};
const TaskOptions kAnnotated{.traffic = TaskTraffic::kIndependentRead, .plain = false};

struct Pipelined : FakeMaster {
  Pipelined() {
    LaneConfig lane = config();
    lane.pipeline_depth = 8;
    configure(lane);
    start_worker();
    query("select 1");
  }

  // Enters a statement into the dictionary.
  std::string use(uint32_t entry, uint64_t serial, std::string_view sql) {
    StatementEntry& statement = state.statements[entry];
    const std::string body = std::string(sql) + '\0' + std::string(2, '\0');
    statement.serial = serial;
    statement.length = static_cast<uint32_t>(body.size());
    std::memcpy(statement.bytes, body.data(), body.size());
    const StatementRef ref{entry, 0, serial};
    return {reinterpret_cast<const char*>(&ref), sizeof ref};
  }
};

std::string named(Directive kind, const std::string& ref) {
  return directive(static_cast<char>(kind), ref);
}

const std::string kSync = message('S', "");

}  // namespace

TEST_CASE("an error in the middle of a line hits only its own unit") {
  Pipelined master;
  std::vector<uint32_t> tasks;
  for (int i = 0; i < 24; ++i) {
    const std::string sql = i % 5 == 3 ? "select 1/0" : "select " + std::to_string(i);
    tasks.push_back(master.submit(i % 2 == 0 ? simple_query(sql) : extended_query(sql), kRead));
  }
  for (int i = 0; i < 24; ++i) {
    const Answer answer = master.wait(tasks[static_cast<std::size_t>(i)]);
    CHECK(answer.ended());
    if (i % 5 == 3) {
      CHECK(answer.sqlstate() == "22012");
    } else {
      CHECK(answer.rows() == std::to_string(i));
    }
  }
  CHECK(master.state.workers[1].counters.tasks_pipelined.load() > 0);
}

TEST_CASE("only reads are followed by others") {
  Pipelined master;
  const uint32_t slow = master.submit(simple_query("select pg_sleep(0.1)"),
                                      {.traffic = TaskTraffic::kIndependentWrite});
  const uint32_t next = master.submit(simple_query("select 2"), kRead);
  CHECK(master.wait(slow).ended());
  CHECK(master.wait(next).rows() == "2");
  CHECK(master.state.workers[1].counters.tasks_pipelined.load() == 0);
}

TEST_CASE("a worker that cannot place what waits sleeps meanwhile") {
  Pipelined master;
  const auto& sleeps = master.state.workers[1].counters.sleeps;
  const uint32_t slow = master.submit(simple_query("select pg_sleep(0.5)"), kRead);
  const uint32_t alone = master.submit(simple_query("select 2"));
  const uint64_t before = sleeps.load();
  CHECK(master.wait(slow).ended());
  CHECK(sleeps.load() > before + 5);
  CHECK(master.wait(alone).rows() == "2");
}

TEST_CASE("a named statement is prepared where it is missing, once") {
  Pipelined master;
  const std::string ref = master.use(3, 17, "select 5");
  const std::string unit =
      named(Directive::kUse, ref) + bind_message("pgring_17") + execute_message() + kSync;
  const uint64_t before = master.state.workers[1].counters.server_parses.load();
  for (int i = 0; i < 3; ++i) {
    const Answer answer = master.run(unit, kAnnotated);
    CHECK(answer.types() == "2DCZ");
    CHECK(answer.rows() == "5");
  }
  CHECK(master.state.workers[1].counters.server_parses.load() == before + 1);
}

TEST_CASE("kPrepare: a real ParseComplete first, a made-up one afterwards") {
  Pipelined master;
  const std::string ref = master.use(3, 18, "select 6");
  const std::string unit = named(Directive::kPrepare, ref) + named(Directive::kUse, ref) +
                           message('D', std::string_view("Spgring_18\0", 11)) +
                           named(Directive::kForget, "x") + kSync;
  for (int i = 0; i < 2; ++i) {
    const Answer answer = master.run(unit, kAnnotated);
    CHECK(answer.types() == "1tT3Z");
    CHECK(answer.last.name_operations == 2);
  }
}

TEST_CASE("a unit of made-up replies only") {
  Pipelined master;
  const std::string ref = master.use(3, 19, "select 6");
  CHECK(master.run(named(Directive::kPrepare, ref) + kSync, kAnnotated).types() == "1Z");
  CHECK(master.run(named(Directive::kPrepare, ref) + kSync, kAnnotated).types() == "1Z");
  const Answer forgotten = master.run(named(Directive::kForget, "") + kSync, kAnnotated);
  CHECK(forgotten.types() == "3Z");
  CHECK(forgotten.last.name_operations == 1);
}

TEST_CASE("a hidden Parse that fails shows its error, and is tried again the next time") {
  Pipelined master;
  const std::string ref = master.use(4, 20, "select * from not_there_yet");
  const std::string unit =
      named(Directive::kUse, ref) + bind_message("pgring_20") + execute_message() + kSync;
  run_sql("drop table if exists not_there_yet");
  CHECK(master.run(unit, kAnnotated).types() == "EZ");
  CHECK(master.run(unit, kAnnotated).sqlstate() == "42P01");
  run_sql("create table not_there_yet as select 8");
  CHECK(master.run(unit, kAnnotated).rows() == "8");
  run_sql("drop table not_there_yet");
}

TEST_CASE("units that relied on a Parse that failed in front of them run again") {
  Pipelined master;
  const std::string bad = master.use(4, 21, "select * from not_there");
  const std::string unit =
      named(Directive::kUse, bad) + bind_message("pgring_21") + execute_message() + kSync;
  std::vector<uint32_t> tasks;
  for (int i = 0; i < 4; ++i) tasks.push_back(master.submit(unit, kAnnotated));
  for (const uint32_t task : tasks) {
    const Answer answer = master.wait(task);
    const bool fine = answer.retried() || answer.sqlstate() == "42P01";
    CHECK(fine);
  }
}

TEST_CASE("the least recently used statement is closed beyond the limit") {
  Pipelined master;
  LaneConfig lane = master.config();
  lane.max_prepared_statements = 2;
  master.configure(lane);
  for (uint64_t serial = 30; serial < 36; ++serial) {
    const std::string ref =
        master.use(static_cast<uint32_t>(serial), serial, "select " + std::to_string(serial));
    const std::string unit = named(Directive::kUse, ref) +
                             bind_message("pgring_" + std::to_string(serial)) + execute_message() +
                             kSync;
    CHECK(master.run(unit, kAnnotated).rows() == std::to_string(serial));
  }
  CHECK(master.query("select count(*) from pg_prepared_statements").rows() == "2");
  CHECK(master.query("select string_agg(name, ' ' order by name) from pg_prepared_statements")
            .rows() == "pgring_34 pgring_35");
}

TEST_CASE("DISCARD ALL and DEALLOCATE ALL empty what the connection holds") {
  Pipelined master;
  const std::string ref = master.use(3, 40, "select 9");
  const std::string unit =
      named(Directive::kUse, ref) + bind_message("pgring_40") + execute_message() + kSync;
  for (const char* sql : {"discard all", "deallocate all"}) {
    CHECK(master.run(unit, kAnnotated).rows() == "9");
    CHECK(master.query(sql).ended());
    CHECK(master.run(unit, kAnnotated).rows() == "9");
  }
}

TEST_CASE("a statement longer than its dictionary entry") {
  Pipelined master;
  const std::string text = "select length('" + std::string(40'000, 'z') + "')";
  const std::string body = text + '\0' + std::string(2, '\0');
  StatementEntry& statement = master.state.statements[5];
  statement.serial = 50;
  statement.length = static_cast<uint32_t>(body.size());
  std::memcpy(statement.bytes, body.data(), kInlineStatement);
  for (uint32_t at = kInlineStatement, i = 0; at < body.size(); at += kBlockSize, ++i) {
    statement.blocks[i] = 500 + i;
    std::memcpy(master.state.block(500 + i), body.data() + at,
                std::min<std::size_t>(kBlockSize, body.size() - at));
  }
  const StatementRef ref{5, 0, 50};
  const std::string unit =
      named(Directive::kUse, {reinterpret_cast<const char*>(&ref), sizeof ref}) +
      bind_message("pgring_50") + execute_message() + kSync;
  CHECK(master.run(unit, kAnnotated).rows() == "40000");
}

TEST_CASE("an unnamed statement comes along until the connection has it") {
  Pipelined master;
  const uint64_t serial = 99;
  const std::string number(reinterpret_cast<const char*>(&serial), 8);
  const std::string unit =
      directive(static_cast<char>(Directive::kUnnamed), number + parse_message("", "select 11")) +
      bind_message("") + execute_message() + kSync;
  CHECK(master.run(unit, kAnnotated).types() == "2DCZ");
  CHECK(master.run(unit, kAnnotated).rows() == "11");
  CHECK(master.query("select 12").rows() == "12");
  CHECK(master.run(unit, kAnnotated).rows() == "11");
  const std::string own = directive(static_cast<char>(Directive::kOwnUnnamed), number) +
                          parse_message("", "select 13") + kSync;
  CHECK(master.run(own, kAnnotated).types() == "1Z");
  CHECK(master.run(unit, kAnnotated).rows() == "13");
}

TEST_CASE("startup parameters follow the client to the connection") {
  Pipelined master;
  const auto set = [&](uint32_t index, uint64_t serial, std::string_view pairs) {
    ParameterSet& parameters = master.state.parameter_sets[index];
    parameters.serial = serial;
    parameters.length = static_cast<uint32_t>(pairs.size());
    std::memcpy(parameters.bytes, pairs.data(), pairs.size());
  };
  using namespace std::string_view_literals;
  set(1, 101, "TimeZone\0Asia/Tokyo\0application_name\0it's \\ one\0"sv);
  set(2, 102, "TimeZone\0Europe/Paris\0application_name\0two\0"sv);
  set(3, 103, "TimeZone\0Nowhere/Land\0application_name\0two\0"sv);
  const auto with = [](uint32_t index, uint64_t serial) {
    return TaskOptions{.traffic = TaskTraffic::kIndependentRead,
                       .parameter_set = index,
                       .parameter_serial = serial};
  };
  CHECK(master.query("show timezone", with(1, 101)).rows() == "Asia/Tokyo");
  CHECK(master.query("show application_name", with(1, 101)).rows() == "it's \\ one");
  std::vector<uint32_t> tasks;
  for (uint32_t i = 0; i < 6; ++i) {
    tasks.push_back(master.submit(simple_query("show timezone"), with(1 + i % 2, 101 + i % 2)));
  }
  for (uint32_t i = 0; i < 6; ++i) {
    CHECK(master.wait(tasks[i]).rows() == (i % 2 == 0 ? "Asia/Tokyo" : "Europe/Paris"));
  }
  const Answer refused = master.query("select 1", with(3, 103));
  CHECK(refused.failed());
  CHECK(refused.sqlstate() == "22023");
  CHECK(master.query("show timezone", with(2, 102)).rows() == "Europe/Paris");
}

TEST_CASE("a parameter that the client changes is marked in the frames") {
  Pipelined master;
  const Answer answer = master.query("set timezone = 'Asia/Tokyo'");
  CHECK(answer.types() == "CSZ");
  CHECK((answer.flags & kFrameHasParameterStatus) != 0);
}

}  // namespace pgring::test
