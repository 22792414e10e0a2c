// Cutting a reply stream, split at every position and fed with damage.
#include "worker/reply_cutter.h"

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <vector>

#include "common/wire.h"

namespace pgring {
namespace {

using Part = ReplyPiece::Part;

std::string make(char type, std::string_view body) {
  std::vector<char> out;
  wire::Builder(out, type).bytes(body);
  return {out.data(), out.size()};
}

struct Cut {
  std::string bytes;  // everything handed out, in order
  std::string types;  // of the messages, as they begin
  std::vector<std::string> wholes;
  bool malformed = false;
};

void feed(ReplyCutter& cutter, std::string_view input, Cut& cut) {
  while (true) {
    const ReplyPiece piece = cutter.next(input);
    if (piece.part == Part::kNone) return;
    if (piece.part == Part::kMalformed) {
      cut.malformed = true;
      return;
    }
    cut.bytes += piece.bytes;
    if (piece.part == Part::kWhole || piece.part == Part::kFirst) cut.types += piece.type;
    if (piece.part == Part::kWhole) cut.wholes.emplace_back(piece.bytes);
  }
}

const std::string kStream = make('1', "") + make('2', "") + make('T', std::string(300, 't')) +
                            make('D', std::string(40, 'd')) + make('N', "SNOTICE") +
                            make('C', std::string_view("SELECT 1\0", 9)) + make('Z', "I");

}  // namespace

TEST_CASE("cutter: a stream split anywhere keeps its bytes and its message types") {
  for (std::size_t first = 0; first <= kStream.size(); ++first) {
    for (std::size_t second = first; second <= kStream.size(); second += 7) {
      ReplyCutter cutter;
      Cut cut;
      feed(cutter, std::string_view(kStream).substr(0, first), cut);
      feed(cutter, std::string_view(kStream).substr(first, second - first), cut);
      feed(cutter, std::string_view(kStream).substr(second), cut);
      REQUIRE(cut.bytes == kStream);
      REQUIRE(cut.types == "12TDNCZ");
      REQUIRE_FALSE(cutter.inside_message());
    }
  }
}

TEST_CASE("cutter: byte by byte, messages that are looked into arrive whole") {
  ReplyCutter cutter;
  Cut cut;
  for (const char& byte : kStream) feed(cutter, {&byte, 1}, cut);
  CHECK(cut.bytes == kStream);
  const std::vector<std::string> wholes = {make('1', ""), make('2', ""), make('N', "SNOTICE"),
                                           make('C', std::string_view("SELECT 1\0", 9)),
                                           make('Z', "I")};
  CHECK(cut.wholes == wholes);
}

TEST_CASE("cutter: rows that arrive together are handed out together, up to the last whole one") {
  const std::string rows = make('D', "one") + make('D', "") + make('D', "three");
  const std::string copied = make('d', "four") + make('d', "five");
  const std::string damaged("D\0\0\0\3", 5);
  ReplyCutter cutter;
  std::string_view input(rows);
  CHECK(cutter.next(input).bytes == rows);
  const std::string both = rows + copied;
  input = both;
  CHECK(cutter.next(input).bytes == rows);
  CHECK(cutter.next(input).bytes == copied);
  for (std::size_t size = rows.size() - 9; size < rows.size(); ++size) {
    ReplyCutter fresh;
    input = std::string_view(rows).substr(0, size);
    const ReplyPiece piece = fresh.next(input);
    CHECK(piece.part == Part::kWhole);
    CHECK(piece.bytes == make('D', "one") + make('D', ""));
  }
  const std::string bad = rows + damaged;
  input = bad;
  CHECK(cutter.next(input).bytes == rows);
  CHECK(cutter.next(input).part == Part::kMalformed);
}

TEST_CASE("cutter: a long message passes through without being gathered") {
  const std::string row = make('D', std::string(1'000'000, 'x'));
  ReplyCutter cutter;
  Cut cut;
  for (std::size_t at = 0; at < row.size(); at += 4096) {
    feed(cutter, std::string_view(row).substr(at, 4096), cut);
    CHECK(cutter.inside_message() == (at + 4096 < row.size()));
  }
  CHECK(cut.bytes == row);
  CHECK(cut.types == "D");
  CHECK(cut.wholes.empty());
}

TEST_CASE("cutter: an error of any length is passed on") {
  const std::string error = make('E', std::string(100'000, 'e'));
  ReplyCutter cutter;
  Cut cut;
  feed(cutter, std::string_view(error).substr(0, 50'000), cut);
  feed(cutter, std::string_view(error).substr(50'000), cut);
  CHECK(cut.bytes == error);
}

TEST_CASE("cutter: what no backend sends is malformed") {
  for (const std::string& bad : {std::string("R\0\0\0\4", 5), std::string("D\0\0\0\3", 5),
                                 std::string("Z\xff\xff\xff\xff", 5), std::string("\0\0\0\0\4", 5),
                                 std::string("X\0\0\0\4", 5)}) {
    for (std::size_t split = 0; split <= bad.size(); ++split) {
      ReplyCutter cutter;
      Cut cut;
      feed(cutter, std::string_view(bad).substr(0, split), cut);
      if (!cut.malformed) feed(cutter, std::string_view(bad).substr(split), cut);
      CHECK(cut.malformed);
      CHECK(cut.bytes.empty());
    }
  }
}

TEST_CASE("cutter: random bytes never hand out more than went in") {
  std::mt19937 random(7);
  for (int round = 0; round < 2000; ++round) {
    ReplyCutter cutter;
    Cut cut;
    std::string all;
    for (int part = 0; part < 4 && !cut.malformed; ++part) {
      std::string bytes = round % 2 == 0 ? kStream.substr(random() % kStream.size()) : "";
      for (auto i = random() % 30; i > 0; --i) bytes += static_cast<char>(random() % 256);
      all += bytes;
      feed(cutter, bytes, cut);
    }
    REQUIRE(all.starts_with(cut.bytes));
  }
}

}  // namespace pgring
