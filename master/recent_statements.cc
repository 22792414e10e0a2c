// The table of recent statements.
#include "master/recent_statements.h"

#include <cstring>
#include <span>

namespace pgring {
namespace {

constexpr uint64_t kMultiplier = 0x9e3779b97f4a7c15;  // 2^64 divided by the golden ratio

uint64_t mix(uint64_t hash, uint64_t word) {
  hash = (hash ^ word) * kMultiplier;
  return hash ^ hash >> 32;
}

// Eight bytes at a time; never 0.
uint64_t hash_of(std::string_view text, bool standard_conforming_strings) {
  uint64_t hash = mix(text.size(), standard_conforming_strings ? 1 : 2);
  while (text.size() >= sizeof(uint64_t)) {
    uint64_t word;
    std::memcpy(&word, text.data(), sizeof word);
    hash = mix(hash, word);
    text.remove_prefix(sizeof word);
  }
  uint64_t rest = 0;
  if (!text.empty()) std::memcpy(&rest, text.data(), text.size());
  hash = mix(mix(hash, rest), 0);  // so that the last bytes reach every bit
  return hash == 0 ? 1 : hash;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_blank(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }
bool may_precede_number(char c) {
  return is_blank(c) || c == '(' || c == ',' || c == '=' || c == '<' || c == '>';
}
bool may_follow_number(char c) { return is_blank(c) || c == ')' || c == ',' || c == ';'; }

}  // namespace

std::size_t without_numbers(std::string_view sql, char* to) {
  char* out = to;
  for (std::size_t at = 0; at < sql.size(); ++at) {
    *out++ = sql[at];
    if (!may_precede_number(sql[at])) continue;
    std::size_t end = at + 1;
    while (end < sql.size() && is_digit(sql[end])) ++end;
    if (end == at + 1 || (end < sql.size() && !may_follow_number(sql[end]))) continue;
    *out++ = '0';
    at = end - 1;
  }
  return static_cast<std::size_t>(out - to);
}

RecentStatements::RecentStatements() : entries_(std::make_unique<Entry[]>(kEntries)) {}

StatementClass RecentStatements::classify(std::string_view sql, bool standard_conforming_strings) {
  if (sql.size() > kMaxText) return classify_statement(sql, standard_conforming_strings);
  const std::string_view text(text_, without_numbers(sql, text_));
  const uint64_t key = hash_of(text, standard_conforming_strings);
  const std::span<Entry, kWays> set(&entries_[(key & (kSets - 1)) * kWays], kWays);
  Entry* oldest = &set[0];
  for (Entry& entry : set) {
    if (entry.key == key && entry.standard_conforming_strings == standard_conforming_strings &&
        std::string_view(entry.text, entry.length) == text) {
      entry.used = ++clock_;
      ++hits_;
      return entry.found;
    }
    if (entry.used < oldest->used) oldest = &entry;
  }
  ++misses_;
  oldest->key = key;
  oldest->used = ++clock_;
  oldest->found = classify_statement(sql, standard_conforming_strings);
  oldest->length = static_cast<uint16_t>(text.size());
  oldest->standard_conforming_strings = standard_conforming_strings;
  if (!text.empty()) std::memcpy(oldest->text, text.data(), text.size());
  return oldest->found;
}

}  // namespace pgring
