// The statement classifier against two tables of statements, and against random changes to them.
#include "common/statement_class.h"

#include <doctest/doctest.h>

#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "tests/unit/exclusive_statements.h"
#include "tests/unit/independent_statements.h"

namespace pgring {
namespace {

using statement_table::kExclusiveStatements;
using statement_table::kIndependentStatements;

StatementClass classify(std::string_view sql) { return classify_statement(sql, true); }

static_assert(std::size(kIndependentStatements) + std::size(kExclusiveStatements) >= 300);

TEST_CASE("statements that may share a connection") {
  for (const auto& expected : kIndependentStatements) {
    CAPTURE(expected.sql);
    const StatementClass found = classify(expected.sql);
    CHECK(std::string(found.reason) == expected.reason);
    CHECK(found.kind == expected.kind);
    CHECK_FALSE(found.empty);
    CHECK(found.effect == SessionEffect::kNone);
  }
}

TEST_CASE("statements that must run alone") {
  for (const auto& expected : kExclusiveStatements) {
    CAPTURE(expected.sql);
    const StatementClass found = classify(expected.sql);
    CHECK(std::string(found.reason) == expected.reason);
    CHECK(found.kind == StatementKind::kExclusive);
    CHECK_FALSE(found.empty);
    CHECK(found.effect == SessionEffect::kNone);
  }
}

TEST_CASE("empty statements") {
  for (const char* sql : {"", " ", ";", " ; ;; ", "-- ping", "/* ping */;", "\n\t\r\f"}) {
    CAPTURE(sql);
    const StatementClass found = classify(sql);
    CHECK(found.empty);
    CHECK(found.kind == StatementKind::kIndependentRead);
    CHECK(std::string(found.reason) == "empty");
  }
}

TEST_CASE("DEALLOCATE ALL and DISCARD ALL alone in their query") {
  for (const char* sql : {"deallocate all", "DEALLOCATE ALL;", " /* x */ Deallocate\n-- y\nAll ; ;",
                          "deallocate prepare all"}) {
    CAPTURE(sql);
    CHECK(classify(sql).effect == SessionEffect::kDeallocateAll);
    CHECK(classify(sql).kind == StatementKind::kExclusive);
  }
  for (const char* sql : {"discard all", "DISCARD ALL;", "discard/**/all -- x"}) {
    CAPTURE(sql);
    CHECK(classify(sql).effect == SessionEffect::kDiscardAll);
    CHECK(classify(sql).kind == StatementKind::kExclusive);
  }
  for (const char* sql : {"discard prepare all", "deallocate prepare", "discard",
                          "discard all, all", "(discard all)", "; discard all", "discard all /*"}) {
    CAPTURE(sql);
    CHECK(classify(sql).effect == SessionEffect::kNone);
  }
}

TEST_CASE("backslashes hide a statement where strings do not conform") {
  const char* sql = R"(select '\'; begin; --')";
  CHECK(classify_statement(sql, true).kind == StatementKind::kExclusive);
  CHECK(classify_statement(sql, false).kind == StatementKind::kIndependentRead);
  const char* other = R"(select '\', '; begin; --')";
  CHECK(classify_statement(other, true).kind == StatementKind::kIndependentRead);
  CHECK(classify_statement(other, false).kind == StatementKind::kExclusive);
}

TEST_CASE("long, deep and NUL-bearing texts are exclusive") {
  const std::string start = "select '";
  const std::string fits = start + std::string(kMaxClassifiedText - start.size() - 1, 'x') + "'";
  CHECK(classify(fits).kind == StatementKind::kIndependentRead);
  CHECK(std::string(classify(fits + " ").reason) == "too long to be classified");
  const auto nested = [](std::size_t depth) {
    return "select " + std::string(depth, '(') + "1" + std::string(depth, ')');
  };
  CHECK(classify(nested(64)).kind == StatementKind::kIndependentRead);
  CHECK(std::string(classify(nested(65)).reason) == "nested too deeply");
  CHECK(std::string(classify(std::string_view("select 1\0 ", 10)).reason) == "a NUL in the text");
  const std::string long_name(64, 'a');
  CHECK(classify("select " + long_name).kind == StatementKind::kIndependentRead);
  CHECK(classify("select " + long_name + "()").kind == StatementKind::kExclusive);
}

TEST_CASE("client encodings") {
  for (const char* name : {"UTF8", "utf-8", "Unicode", "SQL_ASCII", "LATIN1", "ISO_8859_5",
                           "ISO-8859-1", "WIN1252", "windows-1251", "KOI8R", "EUC_JP", "WIN866"}) {
    CAPTURE(name);
    CHECK(encoding_allows_classification(name));
  }
  for (const char* name : {"SJIS",
                           "Shift_JIS",
                           "SHIFT_JIS_2004",
                           "MSKANJI",
                           "WIN932",
                           "Windows932",
                           "BIG5",
                           "WIN950",
                           "windows950",
                           "GBK",
                           "WIN936",
                           "windows936",
                           "UHC",
                           "WIN949",
                           "windows949",
                           "GB18030",
                           "JOHAB",
                           "MULE_INTERNAL",
                           "",
                           "x",
                           "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}) {
    CAPTURE(name);
    CHECK_FALSE(encoding_allows_classification(name));
  }
}

std::vector<std::string> all_statements() {
  std::vector<std::string> statements;
  for (const auto& entry : kIndependentStatements) statements.emplace_back(entry.sql);
  for (const auto& entry : kExclusiveStatements) statements.emplace_back(entry.sql);
  return statements;
}

TEST_CASE("a second statement behind any statement makes it exclusive") {
  for (const std::string& sql : all_statements()) {
    CAPTURE(sql);
    for (const char* tail : {"\n; begin", "\r;begin;", "\n;/**/set x=1--", "\n; discard all"}) {
      CHECK(classify(sql + tail).kind == StatementKind::kExclusive);
      CHECK(classify(sql + tail).effect == SessionEffect::kNone);
    }
  }
}

TEST_CASE("a function that is not on the list makes any query exclusive") {
  for (const auto& entry : kIndependentStatements) {
    const std::string sql = entry.sql;
    CAPTURE(sql);
    CHECK(classify("with leak as (select pg_sleep(1)) " + sql).kind == StatementKind::kExclusive);
    CHECK(classify("select (" + sql + "\n), pg_sleep(1)").kind == StatementKind::kExclusive);
  }
}

TEST_CASE("blanks, comments and case between tokens change nothing") {
  for (const auto& entry : kIndependentStatements) {
    const std::string sql = entry.sql;
    CAPTURE(sql);
    const StatementClass found = classify("\n/* ; */ -- ;\n" + sql + "\n/* ; */ ; -- ;");
    CHECK(found.kind == entry.kind);
    CHECK(std::string(found.reason) == entry.reason);
  }
}

// Every outcome is legal for a mutated text; it must only come without a fault, always the same,
// and with nothing but the exclusive kind once a second statement follows a text that it ends.
TEST_CASE("random mutations") {
  const std::vector<std::string> statements = all_statements();
  const std::string alphabet = "'\"$();,.:-/*\\ \n\rEeUuBbXx&[]01az_\xc3\xa9\x01";
  std::mt19937 random(20240229);
  const auto below = [&](std::size_t limit) { return random() % limit; };
  for (int round = 0; round < 30000; ++round) {
    std::string sql = statements[below(statements.size())];
    for (std::size_t changes = 1 + below(4); changes > 0; --changes) {
      const std::size_t at = below(sql.size() + 1);
      switch (below(4)) {
        case 0:
          sql.insert(at, 1, alphabet[below(alphabet.size())]);
          break;
        case 1:
          sql.erase(at, 1 + below(3));
          break;
        case 2:
          sql.insert(at, statements[below(statements.size())]);
          break;
        default:
          sql.resize(at);
      }
    }
    CAPTURE(sql);
    for (const bool conforming : {true, false}) {
      const StatementClass found = classify_statement(sql, conforming);
      REQUIRE(found.reason != nullptr);
      const StatementClass followed = classify_statement(sql + "\n; begin", conforming);
      // Exclusive with the tail, whether the tail is a statement or inside something unterminated.
      REQUIRE(followed.kind == StatementKind::kExclusive);
    }
  }
}

}  // namespace
}  // namespace pgring
