// Finding, storing and evicting dictionary statements.
#include "master/statement_dictionary.h"

#include <algorithm>
#include <cstring>

namespace pgring {

StatementDictionary::StatementDictionary(SharedState state, uint32_t first_block,
                                         uint32_t block_count)
    : state_(state),
      texts_(kMaxStatements),
      references_(kMaxStatements),
      older_(kMaxStatements, kNoStatement),
      newer_(kMaxStatements, kNoStatement) {
  for (uint32_t entry = kMaxStatements; entry-- > 0;) free_entries_.push_back(entry);
  for (uint32_t block = block_count; block-- > first_block;) free_blocks_.push_back(block);
}

uint32_t StatementDictionary::acquire(std::string_view parse_body, std::string_view reading,
                                      TaskTraffic traffic) {
  key_.assign(reading).append(1, '\0').append(parse_body);
  if (const auto found = by_text_.find(key_); found != by_text_.end()) {
    if (references_[found->second]++ == 0) unlink(found->second);
    return found->second;
  }
  if (parse_body.size() > kMaxStatementLength) return kNoStatement;
  if (free_entries_.empty() && !evict_one()) return kNoStatement;
  const uint32_t number = free_entries_.back();
  free_entries_.pop_back();
  StatementEntry& entry = state_.statements[number];
  while (!store(entry, parse_body)) {
    if (evict_one()) continue;
    free_entries_.push_back(number);
    return kNoStatement;
  }
  entry.serial = next_serial_++;
  entry.traffic = traffic;
  texts_[number] = key_;
  by_text_.emplace(texts_[number], number);
  references_[number] = 1;
  return number;
}

void StatementDictionary::drop_reference(uint32_t entry) {
  if (--references_[entry] == 0) link_newest(entry);
}

std::string_view StatementDictionary::text(uint32_t entry) const {
  const std::string_view key = texts_[entry];
  // From the end: a client chooses what stands in front. The text ends at its own NUL.
  const std::string_view body = key.substr(key.size() - state_.statements[entry].length);
  return body.substr(0, body.find('\0'));
}

// False where the blocks do not suffice; nothing is taken then.
bool StatementDictionary::store(StatementEntry& entry, std::string_view parse_body) {
  const std::size_t inline_part = std::min<std::size_t>(parse_body.size(), kInlineStatement);
  const std::size_t beyond = parse_body.size() - inline_part;
  const std::size_t blocks = (beyond + kBlockSize - 1) / kBlockSize;
  if (blocks > free_blocks_.size()) return false;
  entry.length = static_cast<uint32_t>(parse_body.size());
  std::memcpy(entry.bytes, parse_body.data(), inline_part);
  for (std::size_t i = 0; i < blocks; ++i) {
    entry.blocks[i] = free_blocks_.back();
    free_blocks_.pop_back();
    const std::string_view part = parse_body.substr(inline_part + i * kBlockSize, kBlockSize);
    std::memcpy(state_.block(entry.blocks[i]), part.data(), part.size());
  }
  return true;
}

void StatementDictionary::free_blocks_of(StatementEntry& entry) {
  if (entry.length <= kInlineStatement) return;
  const uint32_t blocks = (entry.length - kInlineStatement + kBlockSize - 1) / kBlockSize;
  for (uint32_t i = 0; i < blocks; ++i) free_blocks_.push_back(entry.blocks[i]);
}

bool StatementDictionary::evict_one() {
  if (oldest_ == kNoStatement) return false;
  const uint32_t entry = oldest_;
  unlink(entry);
  by_text_.erase(texts_[entry]);
  texts_[entry] = {};
  free_blocks_of(state_.statements[entry]);
  free_entries_.push_back(entry);
  return true;
}

void StatementDictionary::link_newest(uint32_t entry) {
  older_[entry] = newest_;
  newer_[entry] = kNoStatement;
  (newest_ == kNoStatement ? oldest_ : newer_[newest_]) = entry;
  newest_ = entry;
}

void StatementDictionary::unlink(uint32_t entry) {
  (older_[entry] == kNoStatement ? oldest_ : newer_[older_[entry]]) = newer_[entry];
  (newer_[entry] == kNoStatement ? newest_ : older_[newer_[entry]]) = older_[entry];
}

}  // namespace pgring
