// A client's statement names.
#include "master/client_statements.h"

#include <algorithm>
#include <charconv>

namespace pgring {

uint32_t ClientStatements::find(std::string_view name) const {
  for (auto change = changes_.rbegin(); change != changes_.rend(); ++change) {
    if (change->name == name) return change->entry;
  }
  const auto found = names_.find(name);
  return found == names_.end() ? kNoStatement : found->second;
}

bool ClientStatements::uses(uint32_t entry) const {
  return std::any_of(names_.begin(), names_.end(),
                     [&](auto& pair) { return pair.second == entry; }) ||
         std::any_of(changes_.begin(), changes_.end(),
                     [&](auto& change) { return change.entry == entry; });
}

void ClientStatements::expect_prepare(std::string_view name, uint32_t entry) {
  changes_.push_back({std::string(name), entry, {}, 0});
}

void ClientStatements::expect_forget(std::string_view name) {
  changes_.push_back({std::string(name), kNoStatement, {}, 0});
}

void ClientStatements::expect_unnamed(std::string_view parse, uint64_t serial) {
  changes_.push_back({{}, kNoStatement, std::string(parse), serial});
}

void ClientStatements::settle(uint32_t count, bool unnamed_failed) {
  for (std::size_t i = 0; i < changes_.size(); ++i) {
    Change& change = changes_[i];
    if (change.name.empty()) {
      if (i < count) {
        unnamed = std::move(change.parse);
        unnamed_serial = change.serial;
      } else if (i == count && unnamed_failed) {
        unnamed.clear();
      }
      continue;
    }
    if (i >= count) {
      if (change.entry != kNoStatement) dictionary_.drop_reference(change.entry);
      continue;
    }
    erase(change.name);
    if (change.entry != kNoStatement) names_.emplace(change.name, change.entry);
  }
  changes_.clear();
}

void ClientStatements::erase(std::string_view name) {
  const auto found = names_.find(name);
  if (found == names_.end()) return;
  dictionary_.drop_reference(found->second);
  names_.erase(found);
}

void ClientStatements::forget_all() {
  settle(0);
  for (const auto& [name, entry] : names_) dictionary_.drop_reference(entry);
  names_.clear();
  unnamed.clear();
}

void ClientStatements::forget_misread(bool encoding_changed, bool standard_strings_changed) {
  const auto misread = [&](std::string_view text) {
    const auto is_ascii = [](char c) { return static_cast<unsigned char>(c) < 0x80; };
    return (encoding_changed && !std::ranges::all_of(text, is_ascii)) ||
           (standard_strings_changed && text.find('\\') != std::string_view::npos);
  };
  for (auto named = names_.begin(); named != names_.end();) {
    const bool concerned = misread(dictionary_.text(named->second));
    if (concerned) dictionary_.drop_reference(named->second);
    named = concerned ? names_.erase(named) : named + 1;
  }
  if (misread(unnamed)) unnamed.clear();
}

std::string ClientStatements::with_own_names(std::string_view text) const {
  constexpr std::string_view kPrefix = "pgring_";
  std::string result;
  for (std::size_t at; (at = text.find(kPrefix)) != std::string_view::npos;) {
    const char* digits = text.data() + at + kPrefix.size();
    uint64_t serial = 0;
    const auto [end, error] = std::from_chars(digits, text.data() + text.size(), serial);
    std::string_view own = text.substr(at, static_cast<std::size_t>(end - text.data()) - at);
    const std::size_t length = own.size();
    const auto rename = [&](std::string_view name, uint32_t entry) {
      if (entry != kNoStatement && dictionary_[entry].serial == serial) own = name;
    };
    for (const auto& [name, entry] : names_) rename(name, entry);
    for (const Change& change : changes_) rename(change.name, change.entry);
    result.append(text.substr(0, at)).append(own);
    text.remove_prefix(at + length);
  }
  return result.append(text);
}

}  // namespace pgring
