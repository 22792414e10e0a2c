// What the log of slow statements says of a unit.
#include "master/statement_text.h"

#include <doctest/doctest.h>

#include <random>
#include <string>

#include "tests/unit/unit_reader_fixture.h"

namespace pgring {
namespace {

using std::literals::operator""sv;

class StatementTextTest : public UnitReaderFixture {
 public:
  using UnitReaderFixture::UnitReaderFixture;

  std::string text(std::size_t limit = 100) {
    return std::string(reader_of_texts_.of(client, limit));
  }

 private:
  StatementText reader_of_texts_{context};
};

TEST_CASE("statement text: the limit is in bytes, cuts no character, and 0 is none") {
  StatementTextTest test;
  test.feed(message('Q', "select '\u00e4'\0"sv));
  CHECK(test.text() == "select '\u00e4'");
  CHECK(test.text(11) == "select '\u00e4'");
  CHECK(test.text(10) == "select '\u00e4...");
  CHECK(test.text(9) == "select '...");
  CHECK(test.text(0) == "");
}

TEST_CASE("statement text: a statement longer than the inline bytes is read across blocks") {
  StatementTextTest test;
  const std::string sql = "select '" + std::string(30'000, 'x') + "'";
  test.feed(message('Q', sql + '\0'));
  CHECK(test.text(40'000) == sql);
  CHECK(test.text(20'000) == sql.substr(0, 20'000) + "...");
}

TEST_CASE("statement text: a named statement's is the dictionary's, told once for Parse and Bind") {
  StatementTextTest test;
  test.feed(message('P', "s\0select $1\0\0\0"sv) +
            message('B', "\0s\0\0\0\0\1\0\0\0\6secret\0\0"sv) + message('E', "\0\0\0\0\0"sv) +
            message('S'));
  CHECK(test.text() == "select $1");
}

TEST_CASE("statement text: whatever lies in shared memory is read within its bounds") {
  StatementTextTest test;
  test.feed(message('Q', "select " + std::string(450, '1') + '\0'));
  std::mt19937 random(1);
  for (int round = 0; round < 2000; ++round) {
    for (char& byte : test.task().payload)
      byte = static_cast<char>(random() % 8 == 0 ? random() : 0);
    test.task().payload[0] = "QPB\1\2\4\3\5\6d"[random() % 10];
    CHECK(test.text().size() <= 103 + 8);
  }
}

}  // namespace
}  // namespace pgring
