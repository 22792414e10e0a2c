// A table from words to values, built by the compiler: open addressing, no allocation. Words are
// lower-case and at most kMaxWord bytes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace pgring {

// PostgreSQL's NAMEDATALEN - 1; a longer word is no keyword and names no built-in function.
constexpr std::size_t kMaxWord = 63;

// An unquoted word as PostgreSQL compares it: ASCII letters in lower case.
class FoldedWord {
 public:
  explicit constexpr FoldedWord(std::string_view word) {
    if (word.size() > kMaxWord) return;  // stays empty, which no table holds
    for (const char c : word) {
      const char low = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
      bytes_[size_++] = low;
      hash_ = (hash_ ^ static_cast<unsigned char>(low)) * 16777619u;  // FNV-1a
    }
  }
  constexpr std::string_view text() const { return {bytes_, size_}; }
  constexpr uint32_t hash() const { return hash_ ^ hash_ >> 15; }

 private:
  char bytes_[kMaxWord];
  uint8_t size_ = 0;
  uint32_t hash_ = 2166136261u;
};

template <typename Value, std::size_t kSlots>
class WordTable {
  static_assert((kSlots & (kSlots - 1)) == 0, "a power of two");

 public:
  // Adds every word of `words`, which are separated by single blanks.
  consteval WordTable& add(Value value, std::string_view words) {
    while (!words.empty()) {
      const std::size_t length = words.substr(0, words.find(' ')).size();
      add_word(value, words.substr(0, length));
      words.remove_prefix(length < words.size() ? length + 1 : length);
    }
    return *this;
  }

  // Null where the word is not in the table.
  constexpr const Value* find(const FoldedWord& word) const {
    for (uint32_t slot = word.hash() % kSlots; !slots_[slot].word.empty();
         slot = (slot + 1) % kSlots) {
      if (slots_[slot].word == word.text()) return &slots_[slot].value;
    }
    return nullptr;
  }

 private:
  struct Slot {
    std::string_view word;
    Value value{};
  };

  consteval void add_word(Value value, std::string_view word) {
    if (word.empty()) throw "two blanks between words";
    if (++count_ * 2 > kSlots) throw "more than half full";
    uint32_t slot = FoldedWord(word).hash() % kSlots;
    while (!slots_[slot].word.empty()) {
      if (slots_[slot].word == word) throw "a word stands twice in the table";
      slot = (slot + 1) % kSlots;
    }
    slots_[slot] = {word, value};
  }

  std::array<Slot, kSlots> slots_{};
  std::size_t count_ = 0;
};

}  // namespace pgring
