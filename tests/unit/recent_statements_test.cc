// The table of recent statements: the same answers as the classifier, and what it keeps.
#include "master/recent_statements.h"

#include <doctest/doctest.h>

#include <random>
#include <string>

#include "common/statement_classifier.h"
#include "tests/unit/exclusive_statements.h"
#include "tests/unit/independent_statements.h"

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

std::string shape(std::string_view sql) {
  std::string text(sql.size(), '\0');
  text.resize(without_numbers(sql, text.data()));
  return text;
}

TEST_CASE("the same text with other numbers is found") {
  RecentStatements recent;
  CHECK(recent.classify("select a from t where id = 17;", true).kind ==
        StatementKind::kIndependentRead);
  CHECK(recent.classify("select a from t where id = 123456;", true).kind ==
        StatementKind::kIndependentRead);
  CHECK(recent.hits() == 1);
  CHECK(shape("f(1,22, 333)\n=4 <5;6") == "f(0,0, 0)\n=0 <0;6");
  CHECK(shape("in (10,20) limit 30") == "in (0,0) limit 0");
}

TEST_CASE("digits that are not a whole number stay") {
  for (const char* sql :
       {"a1", "select $1", "1.5", "t12 ", " 12e3", " 1a", " '12'", "\"12\"", "f1(x)", " 7$",
        "x'12'", "$tag1$ $tag1$", "-12", "a.12", ":12", "[12]", " 12-1", "12"}) {
    CHECK(shape(sql) == sql);
  }
}

TEST_CASE("no statement is another one for its numbers") {
  const auto check = [](std::string_view sql) {
    CAPTURE(sql);
    for (const bool standard : {true, false}) {
      const StatementClass whole = classify_statement(sql, standard);
      const StatementClass found = classify_statement(shape(sql), standard);
      CHECK(found.kind == whole.kind);
      CHECK(found.empty == whole.empty);
      CHECK(found.effect == whole.effect);
    }
  };
  std::mt19937 random(5);
  // Numbers put wherever there is room for one, within quotes and comments too.
  const auto check_with_numbers = [&](std::string_view sql) {
    check(sql);
    std::string filled;
    for (const char c : sql) {
      filled += c;
      if (c == ' ' || c == '(' || c == ',') {
        filled += std::to_string(random() % 1000) + (random() % 2 ? " " : ",");
      }
    }
    check(filled);
  };
  for (const auto& each : statement_table::kIndependentStatements) check_with_numbers(each.sql);
  for (const auto& each : statement_table::kExclusiveStatements) check_with_numbers(each.sql);
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
    const std::string sql = (i % 2 ? "select a" : "set a = b") + std::to_string(i);
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
      recent.classify("select a from t" + std::to_string(i), true);
    }
  }
  CHECK(recent.hits() > static_cast<uint64_t>(texts) * 9 / 10);
}

}  // namespace
}  // namespace pgring
