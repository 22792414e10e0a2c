// Remembers how the texts of recent simple queries were classified, since applications send the
// same ones again and again, often with other numbers. A fixed table of sets with kWays entries
// each; within a set the entry unused for longest is replaced. Texts are compared in full but for
// their numbers, so a collision costs time and nothing else. Everything is allocated by the
// constructor.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "common/statement_class.h"

namespace pgring {

// Writes `sql` to `to`, which has room for all of it, with 0 for each whole number; returns the
// length. A number is digits with blanks or punctuation on both sides: as a token no value of it
// matters to classify_statement(), and within quotes or a comment neither it nor 0 ends them or
// makes a name that the classifier knows.
std::size_t without_numbers(std::string_view sql, char* to);

class RecentStatements {
 public:
  static constexpr std::size_t kEntries = 1024;
  static constexpr std::size_t kWays = 4;
  // Longer texts are classified each time.
  static constexpr std::size_t kMaxText = 512;

  RecentStatements();

  // What classify_statement() says of the same arguments.
  StatementClass classify(std::string_view sql, bool standard_conforming_strings);

  uint64_t hits() const { return hits_; }
  uint64_t misses() const { return misses_; }  // long texts are neither

 private:
  struct Entry {
    uint64_t key;   // hash of text and setting, 0 for an entry not yet used
    uint64_t used;  // value of clock_ at the last use
    StatementClass found;
    uint16_t length;
    bool standard_conforming_strings;
    char text[kMaxText];  // without_numbers()
  };

  static constexpr std::size_t kSets = kEntries / kWays;
  static_assert((kSets & (kSets - 1)) == 0, "a set is chosen by masking");

  std::unique_ptr<Entry[]> entries_;
  char text_[kMaxText];  // of the statement being looked up
  uint64_t clock_ = 0;
  uint64_t hits_ = 0;
  uint64_t misses_ = 0;
};

}  // namespace pgring
