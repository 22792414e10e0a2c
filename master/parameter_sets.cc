// Parameter values and the shared table of sets.
#include "master/parameter_sets.h"

#include <strings.h>

#include <algorithm>
#include <cstring>

namespace pgring {

void ParameterValues::set(std::string_view name, std::string_view value) {
  const std::string key(name);
  const auto at = std::lower_bound(values_.begin(), values_.end(), key, [](auto& pair, auto& k) {
    return strcasecmp(pair.first.c_str(), k.c_str()) < 0;
  });
  if (at != values_.end() && strcasecmp(at->first.c_str(), key.c_str()) == 0) {
    at->second = value;
  } else {
    values_.insert(at, {key, std::string(value)});
  }
}

const std::string* ParameterValues::find(std::string_view name) const {
  const std::string key(name);
  for (const auto& [known, value] : values_) {
    if (strcasecmp(known.c_str(), key.c_str()) == 0) return &value;
  }
  return nullptr;
}

std::string ParameterValues::encode() const {
  std::string encoded;
  for (const auto& [name, value] : values_) {
    encoded.append(name).push_back('\0');
    encoded.append(value).push_back('\0');
  }
  return encoded;
}

std::string ParameterValues::encode_reading() const {
  ParameterValues reading;
  for (const auto& [name, value] : values_) {
    if (strcasecmp(name.c_str(), "application_name") != 0) reading.set(name, value);
  }
  return reading.encode();
}

ParameterValues ParameterValues::decode(std::string_view encoded) {
  ParameterValues values;
  while (!encoded.empty()) {
    const std::size_t name_end = encoded.find('\0');
    const std::size_t value_end = encoded.find('\0', name_end + 1);
    values.set(encoded.substr(0, name_end), encoded.substr(name_end + 1, value_end - name_end - 1));
    encoded.remove_prefix(value_end + 1);
  }
  return values;
}

ParameterSets::ParameterSets(SharedState state)
    : state_(state), references_(kMaxParameterSets), readings_(kMaxParameterSets) {
  for (uint32_t set = kMaxParameterSets; set-- > 0;) free_.push_back(set);
}

uint32_t ParameterSets::acquire(const ParameterValues& values) {
  std::string encoded = values.encode();
  if (const auto found = by_content_.find(encoded); found != by_content_.end()) {
    ++references_[found->second];
    return found->second;
  }
  if (encoded.size() > kParameterSetBytes || free_.empty()) return kNoParameterSet;
  const uint32_t number = free_.back();
  free_.pop_back();
  ParameterSet& set = state_.parameter_sets[number];
  set.serial = next_serial_++;
  set.length = static_cast<uint32_t>(encoded.size());
  std::memcpy(set.bytes, encoded.data(), encoded.size());
  references_[number] = 1;
  readings_[number] = values.encode_reading();
  by_content_.emplace(std::move(encoded), number);
  return number;
}

void ParameterSets::drop_reference(uint32_t set) {
  if (--references_[set] > 0) return;
  by_content_.erase(
      std::string(state_.parameter_sets[set].bytes, state_.parameter_sets[set].length));
  free_.push_back(set);
}

ParameterValues ParameterSets::values(uint32_t set) const {
  return ParameterValues::decode(
      {state_.parameter_sets[set].bytes, state_.parameter_sets[set].length});
}

}  // namespace pgring
