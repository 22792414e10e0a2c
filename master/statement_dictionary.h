// The dictionary of prepared statements in shared memory: each text with its parameter types once,
// however many clients prepare it. The master writes it; workers read entries that a task in their
// hands refers to. An entry nobody refers to stays until its place is needed.
//
// A server reads a text's literals when it is parsed: '1/2/2020'::date by DateStyle, its bytes by
// client_encoding. So clients share an entry only where their parameters read texts alike.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/shared_state.h"

namespace pgring {

constexpr uint32_t kNoStatement = 0xffffffff;
constexpr uint32_t kMaxStatementLength = kInlineStatement + kMaxStatementBlocks * kBlockSize;

class StatementDictionary {
 public:
  // Blocks for long statements are taken from a share of their own, [first_block, block_count).
  StatementDictionary(SharedState state, uint32_t first_block, uint32_t block_count);

  // The entry for a Parse message's body behind the statement name (text, NUL, parameter types),
  // with one reference for the caller; `reading` is ParameterSets::reading() of its client.
  // kNoStatement where it is too long or every place is taken.
  uint32_t acquire(std::string_view parse_body, std::string_view reading, TaskTraffic traffic);
  void add_reference(uint32_t entry) { ++references_[entry]; }
  void drop_reference(uint32_t entry);

  // The text of an entry, up to the next change of the dictionary.
  std::string_view text(uint32_t entry) const;

  const StatementEntry& operator[](uint32_t entry) const { return state_.statements[entry]; }
  uint32_t size() const { return static_cast<uint32_t>(by_text_.size()); }

 private:
  bool evict_one();
  void unlink(uint32_t entry);
  void link_newest(uint32_t entry);
  bool store(StatementEntry& entry, std::string_view parse_body);
  void free_blocks_of(StatementEntry& entry);

  SharedState state_;
  std::unordered_map<std::string_view, uint32_t> by_text_;  // views into texts_
  std::vector<std::string> texts_;                          // reading, NUL, Parse body
  std::string key_;
  std::vector<uint32_t> references_;
  std::vector<uint32_t> older_, newer_;  // the unreferenced ones, least recently used first
  uint32_t oldest_ = kNoStatement, newest_ = kNoStatement;
  std::vector<uint32_t> free_entries_;
  std::vector<uint32_t> free_blocks_;
  uint64_t next_serial_ = 1;
};

}  // namespace pgring
