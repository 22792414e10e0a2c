// Results as they go over the wire.
#include "master/result_table.h"

#include <doctest/doctest.h>

#include <array>
#include <stdexcept>

using namespace pgring;

namespace {

constexpr std::array<Column, 3> kColumns{
    {{"name", ColumnType::kText}, {"n", ColumnType::kInt4}, {"maybe", ColumnType::kNumeric}}};

std::string text(const std::vector<char>& bytes) { return {bytes.begin(), bytes.end()}; }

using namespace std::string_literals;

}  // namespace

TEST_CASE("result: the description names columns and types") {
  std::vector<char> out;
  ResultTable::append_description(out, std::span(kColumns).first(1));
  CHECK(text(out) == "T\0\0\0\x1d\0\x01name\0\0\0\0\0\0\0\0\0\0\x19\xff\xff\xff\xff\xff\xff\0\0"s);
}

TEST_CASE("result: rows are taken whole, as many as asked for") {
  ResultTable table(kColumns);
  table.row("a", 7, std::nullopt);
  table.row(std::string("b"), uint64_t{1} << 40, std::optional<int>(3));
  std::vector<char> out;
  CHECK(table.take_rows(out, 1));
  CHECK(text(out) ==
        "D\0\0\0\x14\0\x03\0\0\0\x01"
        "a\0\0\0\x01"
        "7\xff\xff\xff\xff"s);
  CHECK_FALSE(table.take_rows(out, 5));
  CHECK(out.size() == 21 + 34);
  CHECK_FALSE(table.take_rows(out, 0));
  CHECK(out.size() == 21 + 34);
}

TEST_CASE("result: a row that does not fit its columns is our mistake") {
  ResultTable table(kColumns);
  CHECK_THROWS_AS(table.row("a"), std::logic_error);
}
