// Reading a task's payload where it lies: inline bytes, then blocks (layout in common/task.h).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "common/shared_state.h"

namespace pgring {

// The contiguous piece of a payload that begins at `position` and ends before `end`.
inline std::string_view payload_at(const SharedState& state, const Task& task, uint64_t position,
                                   uint64_t end) {
  if (position < kInlinePayload) {
    return {task.payload + position, std::min<uint64_t>(end, kInlinePayload) - position};
  }
  const uint64_t offset = position - kInlinePayload;
  const uint64_t in_block = offset % kBlockSize;
  const char* block = state.block(task.blocks[offset / kBlockSize % kBlocksPerTask]);
  return {block + in_block, std::min(end - position, kBlockSize - in_block)};
}

inline void copy_payload(const SharedState& state, const Task& task, uint64_t position, char* to,
                         std::size_t bytes) {
  const uint64_t end = position + bytes;
  while (position < end) {
    const std::string_view piece = payload_at(state, task, position, end);
    std::memcpy(to, piece.data(), piece.size());
    to += piece.size();
    position += piece.size();
  }
}

}  // namespace pgring
