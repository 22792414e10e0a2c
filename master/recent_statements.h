// Remembers how the texts of recent simple queries were classified, since applications send the
// same ones again and again. A fixed table of sets with kWays entries each; within a set the entry
// unused for longest is replaced. Texts are compared in full, so a collision costs time and nothing
// else. Everything is allocated by the constructor.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "common/statement_class.h"

namespace pgring {

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
    char text[kMaxText];
  };

  static constexpr std::size_t kSets = kEntries / kWays;
  static_assert((kSets & (kSets - 1)) == 0, "a set is chosen by masking");

  std::unique_ptr<Entry[]> entries_;
  uint64_t clock_ = 0;
  uint64_t hits_ = 0;
  uint64_t misses_ = 0;
};

}  // namespace pgring
