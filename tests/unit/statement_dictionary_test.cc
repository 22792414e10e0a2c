// The dictionary of statements: shared, counted, evicted in the order of last use, never while in
// use.
#include "master/statement_dictionary.h"

#include <doctest/doctest.h>

#include <random>
#include <set>
#include <string>
#include <vector>

#include "tests/unit/shared_fixture.h"

namespace pgring {
namespace {

constexpr auto kRead = TaskTraffic::kIndependentRead;

struct Words : SharedFixture {
  explicit Words(uint32_t blocks = 64, uint32_t first = 0)
      : SharedFixture(8, blocks), dictionary(state, first, blocks) {}
  StatementDictionary dictionary;

  std::string text_of(uint32_t number) const {
    const StatementEntry& entry = dictionary[number];
    std::string text(entry.bytes, std::min(entry.length, kInlineStatement));
    for (uint32_t i = 0; text.size() < entry.length; ++i) {
      text.append(state.block(entry.blocks[i]),
                  std::min<std::size_t>(entry.length - text.size(), kBlockSize));
    }
    return text;
  }
};

std::string statement(uint32_t number, std::size_t length = 20) {
  std::string text = "select " + std::to_string(number);
  while (text.size() < length) text.push_back(static_cast<char>('a' + text.size() % 26));
  return text;
}

TEST_CASE("dictionary: one text is one entry, however often it is asked for") {
  Words words;
  const uint32_t first = words.dictionary.acquire("select 1", {}, kRead);
  CHECK(words.dictionary.acquire("select 1", {}, kRead) == first);
  CHECK(words.dictionary.acquire("select 2", {}, kRead) != first);
  CHECK(words.dictionary.size() == 2);
  CHECK(words.text_of(first) == "select 1");
  CHECK(words.dictionary[first].traffic == kRead);
}

TEST_CASE("dictionary: parameter types and NULs belong to the text") {
  Words words;
  using namespace std::string_literals;
  const uint32_t plain = words.dictionary.acquire("select $1\0\0\0"s, {}, kRead);
  const uint32_t typed = words.dictionary.acquire("select $1\0\0\1\0\0\0\27"s, {}, kRead);
  CHECK(plain != typed);
  CHECK(words.text_of(typed) == "select $1\0\0\1\0\0\0\27"s);
}

TEST_CASE("dictionary: clients whose parameters read a text differently do not share it") {
  Words words;
  const uint32_t iso = words.dictionary.acquire("select '1/2/2020'::date", "ISO, MDY", kRead);
  const uint32_t dmy = words.dictionary.acquire("select '1/2/2020'::date", "ISO, DMY", kRead);
  CHECK(iso != dmy);
  CHECK(words.dictionary[iso].serial != words.dictionary[dmy].serial);
  CHECK(words.text_of(dmy) == words.text_of(iso));
  CHECK(words.dictionary.acquire("select '1/2/2020'::date", "ISO, MDY", kRead) == iso);
}

TEST_CASE("dictionary: a serial is never used twice, also where an entry is") {
  Words words;
  std::set<uint64_t> serials;
  for (uint32_t number = 0; number < kMaxStatements + 100; ++number) {
    const uint32_t entry = words.dictionary.acquire(statement(number), {}, kRead);
    REQUIRE(entry != kNoStatement);
    REQUIRE(serials.insert(words.dictionary[entry].serial).second);
    words.dictionary.drop_reference(entry);
  }
  CHECK(words.dictionary.size() == kMaxStatements);
}

TEST_CASE("dictionary: the least recently used entry goes first") {
  Words words;
  std::vector<uint64_t> serials;
  for (uint32_t number = 0; number < kMaxStatements; ++number) {
    const uint32_t entry = words.dictionary.acquire(statement(number), {}, kRead);
    serials.push_back(words.dictionary[entry].serial);
    words.dictionary.drop_reference(entry);
  }
  words.dictionary.drop_reference(words.dictionary.acquire(statement(0), {}, kRead));
  words.dictionary.drop_reference(words.dictionary.acquire("one more", {}, kRead));
  const uint32_t zero = words.dictionary.acquire(statement(0), {}, kRead);
  CHECK(words.dictionary[zero].serial == serials[0]);
  const uint32_t one = words.dictionary.acquire(statement(1), {}, kRead);  // was evicted
  CHECK(words.dictionary[one].serial > serials.back());
}

TEST_CASE("dictionary: what is referred to is never evicted; where all is, nothing more fits") {
  Words words;
  for (uint32_t number = 0; number < kMaxStatements; ++number) {
    REQUIRE(words.dictionary.acquire(statement(number), {}, kRead) != kNoStatement);
  }
  CHECK(words.dictionary.acquire("one more", {}, kRead) == kNoStatement);
  const uint32_t known = words.dictionary.acquire(statement(77), {}, kRead);
  CHECK(words.text_of(known) == statement(77));
  words.dictionary.drop_reference(known);
  CHECK(words.dictionary.acquire("one more", {}, kRead) == kNoStatement);
  words.dictionary.drop_reference(known);
  CHECK(words.dictionary.acquire("one more", {}, kRead) == known);
  CHECK(words.text_of(known) == "one more");
}

TEST_CASE("dictionary: long texts lie in blocks of its own share") {
  Words words(64, 40);
  const std::string text = statement(1, kInlineStatement + 2 * kBlockSize + 5);
  const uint32_t entry = words.dictionary.acquire(text, {}, kRead);
  REQUIRE(entry != kNoStatement);
  CHECK(words.text_of(entry) == text);
  for (int i = 0; i < 3; ++i) {
    CHECK(words.dictionary[entry].blocks[i] >= 40);
    CHECK(words.dictionary[entry].blocks[i] < 64);
  }
}

TEST_CASE("dictionary: lengths at the borders") {
  Words words;
  for (const std::size_t length :
       {std::size_t{0}, std::size_t{1}, std::size_t{kInlineStatement},
        std::size_t{kInlineStatement} + 1, std::size_t{kInlineStatement} + kBlockSize,
        std::size_t{kInlineStatement} + kBlockSize + 1, std::size_t{kMaxStatementLength}}) {
    const std::string text(length, 'x');
    const uint32_t entry = words.dictionary.acquire(text, {}, kRead);
    REQUIRE(entry != kNoStatement);
    CHECK(words.text_of(entry) == text);
    words.dictionary.drop_reference(entry);
  }
  CHECK(words.dictionary.acquire(std::string(kMaxStatementLength + 1, 'x'), {}, kRead) == kNoStatement);
}

// A long text evicts several others for their blocks; each of their places must stay usable.
TEST_CASE("dictionary: eviction for blocks loses neither entry nor block") {
  Words words(4);
  const std::size_t one_block = kInlineStatement + 100;
  for (uint32_t round = 0; round < 3 * kMaxStatements; ++round) {
    const std::size_t length = round % 3 == 0 ? kInlineStatement + 3 * kBlockSize : one_block;
    const std::string text = statement(round, length);
    const uint32_t entry = words.dictionary.acquire(text, {}, kRead);
    REQUIRE(entry != kNoStatement);
    REQUIRE(words.dictionary[entry].length == length);
    words.dictionary.drop_reference(entry);
  }
  std::set<uint32_t> entries;
  for (uint32_t number = 0; number < kMaxStatements; ++number) {
    const uint32_t entry = words.dictionary.acquire(statement(number), {}, kRead);
    REQUIRE(entry != kNoStatement);
    REQUIRE(entries.insert(entry).second);  // nobody else's
  }
}

TEST_CASE("dictionary: no room for a long text leaves all as it was") {
  Words words(2);
  const uint32_t held = words.dictionary.acquire(statement(1, kInlineStatement + 1), {}, kRead);
  CHECK(words.dictionary.acquire(statement(2, kInlineStatement + 2 * kBlockSize), {}, kRead) ==
        kNoStatement);
  CHECK(words.text_of(held) == statement(1, kInlineStatement + 1));
  const uint32_t small = words.dictionary.acquire("small", {}, kRead);
  CHECK(small != kNoStatement);
  CHECK(small != held);
}

TEST_CASE("dictionary: random use keeps texts and references right") {
  Words words(16);
  std::mt19937 random(3);
  std::vector<std::pair<uint32_t, std::string>> held;
  for (int step = 0; step < 40000; ++step) {
    if (!held.empty() && random() % 2 == 0) {
      const std::size_t at = random() % held.size();
      REQUIRE(words.text_of(held[at].first) == held[at].second);
      words.dictionary.drop_reference(held[at].first);
      held[at] = held.back();
      held.pop_back();
      continue;
    }
    const std::size_t length = random() % 20 == 0 ? kInlineStatement + random() % 40000 : 30;
    const std::string text = statement(static_cast<uint32_t>(random() % 500), length);
    const uint32_t entry = words.dictionary.acquire(text, {}, kRead);
    if (entry != kNoStatement) held.emplace_back(entry, text);
  }
}

}  // namespace
}  // namespace pgring
