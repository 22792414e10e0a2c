// The sets of startup parameters that clients have asked for, kept in shared memory so that a
// worker can bring a connection to the parameters of the client whose task it runs. Clients with
// equal parameters share a set.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "common/shared_state.h"

namespace pgring {

constexpr uint32_t kNoParameterSet = 0xffffffff;

// Tracked parameters by name; small, so a sorted vector. Names compare without regard to case.
class ParameterValues {
 public:
  void set(std::string_view name, std::string_view value);
  const std::string* find(std::string_view name) const;
  const std::vector<std::pair<std::string, std::string>>& all() const { return values_; }
  // "name\0value\0" for each, in order of names.
  std::string encode() const;
  // The same without application_name.
  std::string encode_reading() const;
  static ParameterValues decode(std::string_view encoded);

 private:
  std::vector<std::pair<std::string, std::string>> values_;
};

class ParameterSets {
 public:
  explicit ParameterSets(SharedState state);

  // The set with exactly these values, with one reference for the caller. kNoParameterSet where
  // they are too long or every place is taken.
  uint32_t acquire(const ParameterValues& values);
  void add_reference(uint32_t set) { ++references_[set]; }
  void drop_reference(uint32_t set);

  ParameterValues values(uint32_t set) const;
  uint32_t size() const { return static_cast<uint32_t>(by_content_.size()); }
  uint64_t serial(uint32_t set) const { return state_.parameter_sets[set].serial; }
  // Equal for sets under which a statement's text means the same: all parameters but
  // application_name, encoded. `set` may be kNoParameterSet.
  std::string_view reading(uint32_t set) const {
    return set == kNoParameterSet ? std::string_view() : std::string_view(readings_[set]);
  }

 private:
  SharedState state_;
  std::unordered_map<std::string, uint32_t> by_content_;
  std::vector<uint32_t> references_;
  std::vector<std::string> readings_;
  std::vector<uint32_t> free_;
  uint64_t next_serial_ = 1;
};

}  // namespace pgring
