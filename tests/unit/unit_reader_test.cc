// A client's messages become units: the same ones however the bytes are split.
#include "master/unit_reader.h"

#include <doctest/doctest.h>

#include <random>
#include <string>

#include "tests/unit/unit_reader_fixture.h"

namespace pgring {
namespace {

using namespace std::string_literals;

const std::string kSync = message('S');
const std::string kFlush = message('H');

std::string parse(std::string_view name, std::string_view sql) {
  return message('P', std::string(name) + '\0' + std::string(sql) + "\0\0\0"s);
}
std::string bind_message(std::string_view name) {
  return message('B', "\0"s + std::string(name) + "\0\0\0\0\0\0\0"s);
}
const std::string kExecute = message('E', "\0\0\0\0\0"s);

std::string directive(Directive type, std::string_view body = {}) {
  return message(static_cast<char>(type), body);
}
std::string reference(Directive type, uint32_t entry, uint64_t serial) {
  const StatementRef ref{entry, 0, serial};
  return directive(type, {reinterpret_cast<const char*>(&ref), sizeof ref});
}

// The stream in every piece size, and cut in two at every byte.
template <typename Check>
void for_every_split(const std::string& stream, Check check) {
  for (std::size_t size = 1; size <= std::min<std::size_t>(stream.size(), 24); ++size) {
    UnitReaderFixture fixture;
    REQUIRE(fixture.feed_in_pieces(stream, size) == ReadVerdict::kContinue);
    check(fixture);
  }
  for (std::size_t at = 0; at <= stream.size(); ++at) {
    UnitReaderFixture fixture;
    REQUIRE(fixture.feed(stream.substr(0, at)) == ReadVerdict::kContinue);
    REQUIRE(fixture.feed(stream.substr(at)) == ReadVerdict::kContinue);
    check(fixture);
  }
}

TEST_CASE("units: a simple query is a unit, and what follows it waits") {
  const std::string query = message('Q', "select 1\0"s);
  for_every_split(query + query, [&](UnitReaderFixture& fixture) {
    CHECK(fixture.payload() == query);
    CHECK(fixture.closed());
    CHECK(fixture.task().plain);
    CHECK(fixture.client.feed == Feed::kHeld);
    CHECK(fixture.input == query);
  });
}

TEST_CASE("units: the next one is taken when the reply has ended") {
  const std::string one = message('Q', "select 1\0"s), two = message('Q', "select 2\0"s);
  UnitReaderFixture fixture;
  fixture.feed(one + two);
  CHECK(fixture.payload() == one);
  fixture.end_unit();
  fixture.feed("");
  CHECK(fixture.payload() == two);
  CHECK(fixture.input.empty());
}

TEST_CASE("units: an extended batch with the unnamed statement goes as it came") {
  const std::string batch = parse("", "select 1") + bind_message("") + kExecute + kSync;
  for_every_split(batch, [&](UnitReaderFixture& fixture) {
    CHECK(fixture.payload() == batch);
    CHECK(fixture.closed());
    CHECK(fixture.task().plain);
  });
}

TEST_CASE("units: a named statement is referred to by its entry, and bound by its server name") {
  const std::string batch = parse("s", "select 1") + bind_message("s") + kExecute + kSync;
  for_every_split(batch, [&](UnitReaderFixture& fixture) {
    const uint32_t entry = fixture.client.statements->find("s");
    REQUIRE(entry != kNoStatement);
    const uint64_t serial = fixture.context.dictionary[entry].serial;
    CHECK(fixture.payload() == reference(Directive::kPrepare, entry, serial) +
                                   reference(Directive::kUse, entry, serial) +
                                   bind_message("pgring_" + std::to_string(serial)) + kExecute +
                                   kSync);
    CHECK_FALSE(fixture.task().plain);
    CHECK(fixture.closed());
  });
}

TEST_CASE("units: describing and closing a named statement") {
  const std::string batch = parse("s", "select 1") + message('D', "Ss\0"s) + message('D', "Pp\0"s) +
                            message('C', "Ss\0"s) + message('C', "Sunknown\0"s) + kSync;
  for_every_split(batch, [&](UnitReaderFixture& fixture) {
    CHECK(fixture.client.statements->find("s") == kNoStatement);
    CHECK(fixture.payload() == reference(Directive::kPrepare, 0, 1) +
                                   reference(Directive::kUse, 0, 1) + message('D', "Spgring_1\0"s) +
                                   message('D', "Pp\0"s) + directive(Directive::kForget) +
                                   message('C', "Sunknown\0"s) + kSync);
  });
}

TEST_CASE("units: a name that is not known, or taken already, is left for the server to refuse") {
  UnitReaderFixture fixture;
  fixture.feed(bind_message("s") + kSync);
  CHECK(fixture.payload() ==
        directive(Directive::kHidden, message('C', "Ss\0"s)) + bind_message("s") + kSync);
  fixture.end_unit();
  fixture.feed(parse("s", "select 1") + kSync);
  fixture.end_unit(1);
  fixture.feed(parse("s", "select 2") + kSync);
  CHECK(fixture.payload() == directive(Directive::kHidden, message('C', "Ss\0"s)) +
                                 directive(Directive::kHidden, message('P', "s\0\0\0\0"s)) +
                                 parse("s", "select 2") + kSync);
}

TEST_CASE("units: the unnamed statement of an earlier unit is brought along") {
  UnitReaderFixture fixture;
  const std::string first = parse("", "select 1");
  fixture.feed(first + kSync);
  fixture.end_unit();
  const uint64_t serial = fixture.client.statements->unnamed_serial;
  fixture.feed(bind_message("") + kExecute + kSync);
  const std::string own(reinterpret_cast<const char*>(&serial), sizeof serial);
  CHECK(fixture.payload() ==
        directive(Directive::kUnnamed, own + first) + bind_message("") + kExecute + kSync);
}

TEST_CASE("units: a query makes the unnamed statement disappear") {
  UnitReaderFixture fixture;
  fixture.feed(parse("", "select 1") + kSync);
  fixture.end_unit();
  fixture.feed(message('Q', "select 2\0"s));
  CHECK(fixture.client.unit_runs_query);  // Replies drops it when the unit ends
}

TEST_CASE("units: Sync alone is answered by the master") {
  UnitReaderFixture fixture;
  fixture.feed(kSync + kSync);
  CHECK(fixture.client.task == kNoTask);
  CHECK(fixture.reader.own_reply() == "Z\0\0\0\5IZ\0\0\0\5I"s);
}

TEST_CASE("units: Flush shows what is there, and the unit stays open") {
  const std::string begun = parse("", "select 1") + kFlush;
  for_every_split(begun, [&](UnitReaderFixture& fixture) {
    CHECK(fixture.payload() == begun);
    CHECK_FALSE(fixture.closed());
    CHECK(fixture.client.published);
    CHECK(fixture.client.feed == Feed::kOpen);
    // A worker may be at it: the mark must not change any more when directives come.
    CHECK_FALSE(fixture.task().plain);
    CHECK(fixture.task().traffic == TaskTraffic::kExclusive);
    fixture.feed(parse("s", "select 2") + kSync);
    CHECK(fixture.closed());
    CHECK(fixture.payload() == begun + reference(Directive::kPrepare, 0, 1) + kSync);
  });
}

TEST_CASE("units: Flush between units means nothing") {
  UnitReaderFixture fixture;
  fixture.feed(kFlush);
  CHECK(fixture.client.task == kNoTask);
  CHECK(fixture.input.empty());
}

TEST_CASE("units: a Query behind extended messages leaves the unit open for the Sync of an error") {
  const std::string batch = parse("", "select 1") + message('Q', "select 2\0"s);
  for_every_split(batch + kSync, [&](UnitReaderFixture& fixture) {
    CHECK(fixture.payload() == batch);
    CHECK_FALSE(fixture.closed());
    CHECK(fixture.client.feed == Feed::kHeld);
    UnitReader::on_error(fixture.client, false);
    fixture.feed("");
    CHECK(fixture.closed());
    CHECK(fixture.payload() == batch + kSync);
  });
}

TEST_CASE("units: a Query that fails itself needs no Sync behind extended messages") {
  UnitReaderFixture fixture;
  const std::string batch = parse("", "select 1") + message('Q', "select 2\0"s);
  fixture.feed(batch + kSync);
  UnitReader::on_error(fixture.client, true);
  fixture.feed("");
  CHECK(fixture.payload() == batch);
  CHECK(fixture.client.feed == Feed::kHeld);
}

TEST_CASE("units: a Query sent after the extended messages have failed waits for the Sync too") {
  UnitReaderFixture fixture;
  const std::string batch = parse("", "select 1") + kFlush;
  fixture.feed(batch);
  UnitReader::on_error(fixture.client, false);
  const std::string query = message('Q', "select 2\0"s);
  fixture.feed(query);
  CHECK(fixture.client.feed == Feed::kOpen);
  fixture.feed(kSync);
  CHECK(fixture.payload() == batch + query + kSync);
  CHECK(fixture.closed());
  CHECK(fixture.client.feed == Feed::kHeld);
}

TEST_CASE("units: COPY data follow the query that asked for them") {
  const std::string query = message('Q', "copy t from stdin\0"s);
  const std::string data = message('d', "1\n") + message('d', "") + message('c');
  for (std::size_t size = 1; size <= data.size(); ++size) {
    UnitReaderFixture fixture;
    fixture.feed(query);
    UnitReader::on_copy_in(fixture.client);
    fixture.feed_in_pieces(data, size);
    CHECK(fixture.payload() == query + data);
    CHECK(fixture.closed());
    CHECK(fixture.client.feed == Feed::kHeld);
  }
}

TEST_CASE("units: COPY in the extended protocol ends with its Sync") {
  const std::string begun = parse("", "copy t from stdin") + bind_message("") + kExecute + kFlush;
  UnitReaderFixture fixture;
  fixture.feed(begun);
  UnitReader::on_copy_in(fixture.client);
  fixture.feed(message('d', "1\n") + kFlush + message('f', "no\0"s));
  CHECK(fixture.client.feed == Feed::kOpen);
  CHECK_FALSE(fixture.closed());
  fixture.feed(kSync);
  CHECK(fixture.closed());
}

TEST_CASE("units: whether an Execute begins a COPY, the server says before its data are taken") {
  const std::string begun = parse("", "copy t from stdin") + bind_message("") + kExecute;
  const std::string asked = begun + directive(Directive::kAsk, "\1");
  const std::string data = message('d', "1\n");
  for_every_split(begun + data + kSync, [&](UnitReaderFixture& fixture) {
    CHECK(fixture.payload() == asked);
    CHECK(fixture.client.feed == Feed::kAsked);
    SUBCASE("it does") {
      UnitReader::on_copy_in(fixture.client);
      fixture.feed("");
      CHECK(fixture.payload() == asked + data + kSync);
      CHECK_FALSE(fixture.closed());
    }
    SUBCASE("it does not: the server would ignore them") {
      CHECK_FALSE(UnitReader::on_answered(fixture.client, 2));
      CHECK(UnitReader::on_answered(fixture.client, 1));
      fixture.feed("");
      CHECK(fixture.payload() == asked + kSync);
      CHECK(fixture.closed());
    }
    SUBCASE("it fails") {
      UnitReader::on_error(fixture.client, false);
      fixture.feed("");
      CHECK(fixture.payload() == asked + kSync);
      CHECK(fixture.closed());
    }
  });
}

TEST_CASE(
    "units: behind a Sync in a COPY's data nothing is translated until it is known what it meant") {
  const std::string begun = parse("", "copy t from stdin") + bind_message("") + kExecute + kSync;
  const std::string data = message('d', "1\n") + message('c');
  const std::string batch = parse("s", "select 1") + bind_message("s") + kExecute + kSync;
  UnitReaderFixture fixture;
  fixture.feed(begun);
  UnitReader::on_copy_in(fixture.client);
  SUBCASE("the COPY ends well") {
    fixture.feed(data + batch);
    const std::string asked = begun + data + directive(Directive::kAsk, "\1");
    CHECK(fixture.payload() == asked);
    CHECK(UnitReader::on_answered(fixture.client, 1));
    fixture.feed("");
    CHECK(fixture.payload() == asked + reference(Directive::kPrepare, 0, 1) +
                                   reference(Directive::kUse, 0, 1) + bind_message("pgring_1") +
                                   kExecute + kSync);
  }
  SUBCASE("it fails") {
    fixture.feed(data);
    UnitReader::on_error(fixture.client, false);
    fixture.feed(batch);
    CHECK(fixture.payload() == begun + data + batch);
  }
  SUBCASE("it fails while that is being asked") {
    fixture.feed(data + batch);
    UnitReader::on_error(fixture.client, false);
    fixture.feed("");
    CHECK(fixture.payload() == begun + data + directive(Directive::kAsk, "\1") + batch);
  }
  CHECK(fixture.closed());
  CHECK(fixture.client.feed == Feed::kHeld);
}

TEST_CASE("units: COPY messages where there is no COPY are dropped, long ones too") {
  UnitReaderFixture fixture;
  const std::string query = message('Q', "select 1\0"s);
  const std::string stray =
      message('d', std::string(100'000, 'x')) + message('c') + message('f', "failed\0"s);
  fixture.feed_in_pieces(stray + query, 1000);
  CHECK(fixture.payload() == query);
}

TEST_CASE("units: good-bye between units ends the session") {
  UnitReaderFixture fixture;
  CHECK(fixture.feed(message('X')) == ReadVerdict::kTerminate);
}

TEST_CASE(
    "units: good-bye in a unit goes to the server behind what is there, in what pieces ever") {
  const std::string unit = parse("", "select 1") + bind_message("") + kExecute + message('X');
  for_every_split(unit, [&](UnitReaderFixture& fixture) {
    CHECK(fixture.payload() == unit);
    CHECK(fixture.closed());
    CHECK_FALSE(fixture.task().plain);  // the worker must see the Terminate
    CHECK(fixture.task().traffic == TaskTraffic::kExclusive);
    CHECK(fixture.client.unit_terminates);
  });
}

TEST_CASE("units: where the server skips up to Sync, good-bye needs no answer") {
  UnitReaderFixture fixture;
  fixture.feed(parse("", "selec 1") + kFlush);
  UnitReader::on_error(fixture.client, false);
  CHECK(fixture.feed(message('X')) == ReadVerdict::kTerminate);
}

TEST_CASE("units: good-bye in a COPY goes to the server, for which it is an error or not") {
  const std::string query = message('Q', "copy t from stdin\0"s);
  UnitReaderFixture copying;
  copying.feed(query);
  UnitReader::on_copy_in(copying.client);
  CHECK(copying.feed(message('X')) == ReadVerdict::kContinue);
  CHECK(copying.payload() == query + message('X'));
  UnitReaderFixture failed;
  failed.feed(query);
  UnitReader::on_copy_in(failed.client);
  UnitReader::on_error(failed.client, true);
  CHECK(failed.feed(message('X')) == ReadVerdict::kContinue);  // ReadyForQuery is still to come
}

TEST_CASE("units: types and lengths that no client sends") {
  for (int type = 0; type < 256; ++type) {
    if ("BCDEFHPQSXdcf"s.find(static_cast<char>(type)) != std::string::npos) continue;
    UnitReaderFixture fixture;
    CHECK(fixture.feed(message(static_cast<char>(type))) == ReadVerdict::kViolation);
    CHECK(fixture.reader.violation() == "invalid frontend message type " + std::to_string(type));
  }
  for (const char type : "BCDEFHPQSXdcf"s) {
    for (const uint32_t length : {0u, 3u, 0x40000000u, 0x7fffffffu, 0xffffffffu}) {
      std::string bytes = message(type);
      wire::store32(bytes.data() + 1, length);
      UnitReaderFixture fixture;
      CHECK(fixture.feed(bytes) == ReadVerdict::kViolation);
    }
  }
  for (const char type : "SHXc"s) {
    UnitReaderFixture fixture;
    CHECK(fixture.feed(message(type, "x")) == ReadVerdict::kViolation);
  }
}

// The reader may not wait for more than the frontend can hold.
TEST_CASE("units: a named statement beyond what can be kept is refused at once") {
  UnitReaderFixture fixture;
  const std::string bytes = parse("s", std::string(kMaxStatementLength, 'x'));
  CHECK(fixture.feed_in_pieces(bytes, 8000) == ReadVerdict::kViolation);
  CHECK(fixture.input.size() < 64 * 1024);
  CHECK(fixture.reader.violation().find("prepared statement is too long") == 0);
}

TEST_CASE("units: a name of absurd length is refused") {
  for (const char type : "PBDC"s) {
    UnitReaderFixture fixture;
    const std::string body = (type == 'D' || type == 'C' ? "S" : "") + std::string(100'000, 'n');
    CHECK(fixture.feed_in_pieces(message(type, body + "\0\0\0\0"s), 8000) ==
          ReadVerdict::kViolation);
  }
}

TEST_CASE("units: a long statement passes through its window unchanged, however it comes") {
  std::string sql(1'500'000, 'x');
  for (std::size_t i = 0; i < sql.size(); ++i) sql[i] = static_cast<char>('a' + i * 7919 % 26);
  const std::string query = message('Q', sql + '\0');
  std::mt19937 random(6);
  for (int round = 0; round < 3; ++round) {
    UnitReaderFixture fixture;
    std::string got;
    for (std::size_t at = 0; at < query.size() || !fixture.input.empty();) {
      const std::size_t count = std::min<std::size_t>(random() % 70000, query.size() - at);
      const bool may_read = fixture.input.size() < 16 * 1024;
      REQUIRE(fixture.feed(std::string_view(query).substr(at, may_read ? count : 0)) ==
              ReadVerdict::kContinue);
      if (may_read) at += count;
      if (fixture.client.published) got += fixture.consume();
    }
    CHECK(got == query);
    CHECK(fixture.closed());
    CHECK(fixture.task().traffic == TaskTraffic::kExclusive);
  }
}

TEST_CASE("units: a long Bind keeps its names wherever its first bytes are cut") {
  const std::string value(100'000, 'v');
  const auto long_bind = [&](const std::string& name) {
    return message('B', "portal\0"s + name + "\0\0\0\0\1\0\1\206\240"s + value + "\0\0"s);
  };
  for (std::size_t at = 0; at < 40; ++at) {
    UnitReaderFixture fixture;
    fixture.feed(parse("statement", "select $1") + kSync);
    fixture.end_unit(1);
    const std::string bytes = long_bind("statement") + kSync;
    REQUIRE(fixture.feed(bytes.substr(0, at)) == ReadVerdict::kContinue);
    REQUIRE(fixture.feed(bytes.substr(at)) == ReadVerdict::kContinue);
    CHECK(fixture.payload() == reference(Directive::kUse, 0, 1) + long_bind("pgring_1") + kSync);
  }
}

TEST_CASE("units: in session pooling nothing is changed") {
  UnitReaderFixture fixture(PoolMode::kSession);
  const std::string batch = parse("s", "select 1") + bind_message("s") + message('D', "Ss\0"s) +
                            message('C', "Ss\0"s) + kExecute + kSync;
  fixture.feed_in_pieces(batch, 3);
  CHECK(fixture.payload() == batch);
  CHECK(fixture.task().plain);
}

TEST_CASE("units: no free task means waiting, and nothing is lost") {
  UnitReaderFixture fixture;
  std::vector<uint32_t> taken;
  for (uint32_t task; (task = fixture.context.tasks.allocate()) != kNoTask;) taken.push_back(task);
  const std::string query = message('Q', "select 1\0"s);
  fixture.feed(query);
  CHECK(fixture.client.waiting);
  CHECK(fixture.input == query);
  fixture.context.tasks.release(taken.back());
  fixture.dispatcher.serve_queues();
  REQUIRE(fixture.dispatcher.served().size() == 1);
  fixture.feed("");
  CHECK(fixture.payload() == query);
}

TEST_CASE("units: the strictest statement of a unit decides what may share its connection") {
  const auto traffic_of = [](const std::string& bytes) {
    UnitReaderFixture fixture;
    fixture.feed(bytes);
    return fixture.task().traffic;
  };
  CHECK(traffic_of(message('Q', "select 1\0"s)) == TaskTraffic::kIndependentRead);
  CHECK(traffic_of(message('Q', "begin\0"s)) == TaskTraffic::kExclusive);
  CHECK(traffic_of(message('Q', "no NUL")) == TaskTraffic::kExclusive);
  CHECK(traffic_of(parse("", "select 1") + parse("", "set a = 1") + kSync) ==
        TaskTraffic::kExclusive);
  CHECK(traffic_of(parse("s", "select 1") + bind_message("s") + kExecute + kSync) ==
        TaskTraffic::kIndependentRead);
  CHECK(traffic_of(parse("s", "listen x") + bind_message("s") + kExecute + kSync) ==
        TaskTraffic::kExclusive);
  CHECK(traffic_of(message('F', "\0\0\0\1"s)) == TaskTraffic::kExclusive);
}

}  // namespace
}  // namespace pgring
