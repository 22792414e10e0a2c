// The cutter's three states: at a boundary, gathering, passing through.
#include "worker/reply_cutter.h"

#include <algorithm>

#include "common/wire.h"

namespace pgring {
namespace {

using Part = ReplyPiece::Part;

constexpr std::size_t kHeader = 5;
// A split message up to this size is gathered so that it can be looked into.
constexpr uint64_t kGatherLimit = 16 * 1024;

// Everything that a backend may send after login.
constexpr bool is_reply(char type) {
  return std::string_view("123ACDEGHINSTVWZcdnst").find(type) != std::string_view::npos;
}

// Those that are looked into; the others pass through however they are split.
constexpr bool is_looked_into(char type) {
  return std::string_view("ACEGNSWZ").find(type) != std::string_view::npos;
}

// DataRow and CopyData: most of what a server sends.
constexpr bool is_data(char type) { return type == 'D' || type == 'd'; }

bool valid_header(const char* at) {
  const uint32_t length = wire::load32(at + 1);
  return is_reply(at[0]) && length >= 4 && length <= 0x7fffffff;
}

uint64_t message_size(const char* at) { return uint64_t{wire::load32(at + 1)} + 1; }

// How much of `input`, from `at` on, is whole messages of this type.
std::size_t data_behind(std::string_view input, std::size_t at, char type) {
  const std::size_t begin = at;
  while (input.size() - at >= kHeader && input[at] == type && valid_header(&input[at]) &&
         message_size(&input[at]) <= input.size() - at) {
    at += message_size(&input[at]);
  }
  return at - begin;
}

}  // namespace

ReplyCutter::ReplyCutter() { held_.reserve(1024); }

ReplyPiece ReplyCutter::next(std::string_view& input) {
  if (handed_out_) {
    held_.clear();
    handed_out_ = false;
  }
  if (left_ > 0) {
    if (input.empty()) return {};
    const std::string_view bytes = input.substr(0, left_);
    input.remove_prefix(bytes.size());
    left_ -= bytes.size();
    return {left_ == 0 ? Part::kLast : Part::kMiddle, type_, false, bytes};
  }
  return held_.empty() ? begin(input) : gather(input);
}

ReplyPiece ReplyCutter::begin(std::string_view& input) {
  if (input.size() < kHeader) {
    held_.assign(input);
    input = {};
    return {};
  }
  if (!valid_header(input.data())) return {Part::kMalformed, input[0], false, {}};
  type_ = input[0];
  const uint64_t size = message_size(input.data());
  const bool whole = size <= input.size();
  const std::size_t more = whole && is_data(type_) ? data_behind(input, size, type_) : 0;
  const std::string_view bytes = input.substr(0, size + more);
  input.remove_prefix(bytes.size());
  if (whole) return {Part::kWhole, type_, false, bytes};
  if (is_looked_into(type_) && size <= kGatherLimit) {
    held_.assign(bytes);
    return {};
  }
  left_ = size - bytes.size();
  return {Part::kFirst, type_, false, bytes};
}

ReplyPiece ReplyCutter::gather(std::string_view& input) {
  const auto take = [&](uint64_t wanted) {
    const std::size_t missing = wanted > held_.size() ? wanted - held_.size() : 0;
    const std::string_view bytes = input.substr(0, missing);
    held_.append(bytes);
    input.remove_prefix(bytes.size());
    return held_.size() >= wanted;
  };
  if (!take(kHeader)) return {};
  if (!valid_header(held_.data())) return {Part::kMalformed, held_[0], false, {}};
  type_ = held_[0];
  const uint64_t size = message_size(held_.data());
  const bool whole = size <= kHeader || (is_looked_into(type_) && size <= kGatherLimit);
  if (whole && !take(size)) return {};
  handed_out_ = true;
  left_ = size - held_.size();
  return {left_ == 0 ? Part::kWhole : Part::kFirst, type_, true, held_};
}

}  // namespace pgring
