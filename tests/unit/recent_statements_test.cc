// The table of recent statements: the same answers as the classifier, and what it keeps.
#include "master/recent_statements.h"

#include <doctest/doctest.h>

#include <string>

namespace pgring {
namespace {

TEST_CASE("a statement is found again") {
  RecentStatements recent;
  CHECK(recent.classify("select 1", true).kind == StatementKind::kIndependentRead);
  CHECK(recent.classify("begin", true).kind == StatementKind::kExclusive);
  CHECK(recent.classify("discard all", true).effect == SessionEffect::kDiscardAll);
  CHECK(recent.classify("", true).empty);
  CHECK(recent.hits() == 0);
  CHECK(recent.misses() == 4);
  CHECK(recent.classify("select 1", true).kind == StatementKind::kIndependentRead);
  CHECK(recent.classify("begin", true).kind == StatementKind::kExclusive);
  CHECK(recent.classify("discard all", true).effect == SessionEffect::kDiscardAll);
  CHECK(recent.classify("", true).empty);
  CHECK(recent.hits() == 4);
  CHECK(recent.misses() == 4);
}

TEST_CASE("the same text under another setting is another statement") {
  RecentStatements recent;
  const char* sql = R"(select '\'; begin; --')";
  for (int round = 0; round < 2; ++round) {
    CHECK(recent.classify(sql, true).kind == StatementKind::kExclusive);
    CHECK(recent.classify(sql, false).kind == StatementKind::kIndependentRead);
  }
  CHECK(recent.hits() == 2);
}

TEST_CASE("texts that differ only in their end are told apart") {
  RecentStatements recent;
  const std::string start = "select '" + std::string(400, 'x');
  CHECK(recent.classify(start + "'", true).kind == StatementKind::kIndependentRead);
  CHECK(recent.classify(start + "';begin", true).kind == StatementKind::kExclusive);
  CHECK(recent.classify(start, true).kind == StatementKind::kExclusive);
  CHECK(recent.classify(start + "'", true).kind == StatementKind::kIndependentRead);
  CHECK(recent.hits() == 1);
}

TEST_CASE("long texts are classified each time") {
  RecentStatements recent;
  const std::string start = "select '";
  const std::string longest =
      start + std::string(RecentStatements::kMaxText - start.size() - 1, 'x') + "'";
  CHECK(longest.size() == RecentStatements::kMaxText);
  for (int round = 0; round < 2; ++round) {
    CHECK(recent.classify(longest, true).kind == StatementKind::kIndependentRead);
    CHECK(recent.classify(longest + ";", true).kind == StatementKind::kIndependentRead);
  }
  CHECK(recent.hits() == 1);
  CHECK(recent.misses() == 1);
}

TEST_CASE("what is used often stays while others come and go") {
  RecentStatements recent;
  recent.classify("select 0", true);
  const int others = static_cast<int>(RecentStatements::kEntries) * 20;
  for (int i = 1; i <= others; ++i) {
    const std::string sql = (i % 2 ? "select " : "set a = ") + std::to_string(i);
    const StatementKind kind = i % 2 ? StatementKind::kIndependentRead : StatementKind::kExclusive;
    REQUIRE(recent.classify(sql, true).kind == kind);
    REQUIRE(recent.classify("select 0", true).kind == StatementKind::kIndependentRead);
  }
  CHECK(recent.hits() == static_cast<uint64_t>(others));
  CHECK(recent.misses() == static_cast<uint64_t>(others) + 1);
}

TEST_CASE("a working set of a quarter of the table is nearly all kept") {
  RecentStatements recent;
  const int texts = static_cast<int>(RecentStatements::kEntries) / 4;
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < texts; ++i) {
      recent.classify("select a from t where id = " + std::to_string(i), true);
    }
  }
  CHECK(recent.hits() > static_cast<uint64_t>(texts) * 9 / 10);
}

}  // namespace
}  // namespace pgring
