// Task and block free lists; streams over inline bytes and blocks (layout in common/task.h).
#include "master/task_store.h"

#include <algorithm>
#include <cassert>
#include <cstring>

#include "common/prefetch.h"

namespace pgring {

TaskStore::TaskStore(SharedState state, uint32_t block_count)
    : state_(state), block_count_(block_count), streams_(state.header->task_count) {
  for (uint32_t task = state.header->task_count; task-- > 0;) free_tasks_.push_back(task);
  for (uint32_t block = block_count; block-- > 0;) free_blocks_.push_back(block);
}

uint32_t TaskStore::allocate() {
  if (free_tasks_.empty()) return kNoTask;
  const uint32_t task = free_tasks_.back();
  free_tasks_.pop_back();
  if (free_tasks_.size() >= 2) prefetch(free_tasks_[free_tasks_.size() - 2]);  // the next but one
  restart(task);
  return task;
}

// A task that is about to be allocated or to end.
void TaskStore::prefetch(uint32_t task) const {
  prefetch_to_write(&state_.tasks[task], kShortTask);
  pgring::prefetch(&streams_[task], sizeof(Stream));
}

void TaskStore::restart(uint32_t task) {
  Task& shared = state_.tasks[task];
  give_blocks_back(task);
  shared.plain = true;
  shared.attempts = 0;
  shared.traffic = TaskTraffic::kExclusive;
  shared.published.store(0, std::memory_order_relaxed);
  shared.consumed.store(0, std::memory_order_relaxed);
  shared.delivered.store(0, std::memory_order_relaxed);
  shared.requests.store(0, std::memory_order_relaxed);
  shared.master_waits.store(0, std::memory_order_relaxed);
  shared.worker_waits.store(0, std::memory_order_relaxed);
}

void TaskStore::release(uint32_t task) {
  give_blocks_back(task);
  free_tasks_.push_back(task);
}

void TaskStore::give_blocks_back(uint32_t task) {
  Stream& stream = streams_[task];
  for (uint64_t block = stream.first_block; block < stream.end_block; ++block) {
    free_blocks_.push_back(state_.tasks[task].blocks[block % kBlocksPerTask]);
  }
  stream = {};
}

// How many of the blocks held are of no use to the worker any more.
uint64_t TaskStore::consumed_blocks(uint32_t task) const {
  const Stream& stream = streams_[task];
  const uint64_t inline_part = std::min<uint64_t>(stream.consumed, kInlinePayload);
  const uint64_t done = (stream.consumed - inline_part) / kBlockSize;
  return std::min(done, stream.end_block) - std::min(done, stream.first_block);
}

void TaskStore::rewind(uint32_t task) {
  streams_[task].consumed = 0;
  state_.tasks[task].consumed.store(0, std::memory_order_relaxed);
}

uint64_t TaskStore::room(uint32_t task) {
  Stream& stream = streams_[task];
  // Pairs with the worker's store of consumed; see Task::master_waits. A worker that gives the task
  // back sets it to 0, and says so later.
  const uint64_t consumed = state_.tasks[task].consumed.load(std::memory_order_seq_cst);
  stream.consumed = std::max(stream.consumed, consumed);
  const uint64_t under_way = stream.written - stream.consumed;
  // Inline bytes are used once per unit. Of the blocks one is kept in hand, since the window seldom
  // ends on a block's border.
  const uint64_t window = kPayloadWindow - kBlockSize;
  const uint64_t in_window = under_way >= window ? 0 : window - under_way;
  const uint64_t held = stream.end_block - stream.first_block;
  const uint64_t fresh = std::min<uint64_t>(kBlocksPerTask - held, free_blocks_.size());
  const uint64_t end = stream.end_block + fresh + consumed_blocks(task);
  return std::min(in_window, kInlinePayload + end * kBlockSize - stream.written);
}

// A block that the worker has emptied is filled again before another one is taken. So a long stream
// needs few of them, and goes on with those it has when every other is in use.
void TaskStore::add_block(uint32_t task) {
  Stream& stream = streams_[task];
  uint32_t* slots = state_.tasks[task].blocks;
  uint32_t block;
  if (consumed_blocks(task) > 0) {
    block = slots[stream.first_block++ % kBlocksPerTask];
  } else {
    assert(!free_blocks_.empty());
    block = free_blocks_.back();
    free_blocks_.pop_back();
  }
  assert(stream.end_block - stream.first_block < kBlocksPerTask);
  slots[stream.end_block++ % kBlocksPerTask] = block;
}

void TaskStore::append(uint32_t task, std::string_view bytes) {
  Stream& stream = streams_[task];
  Task& shared = state_.tasks[task];
  while (!bytes.empty()) {
    char* to;
    uint64_t space;
    if (stream.written < kInlinePayload) {
      to = shared.payload + stream.written;
      space = kInlinePayload - stream.written;
    } else {
      const uint64_t at = stream.written - kInlinePayload;
      const uint64_t block = at / kBlockSize;
      if (block == stream.end_block) add_block(task);
      to = state_.block(shared.blocks[block % kBlocksPerTask]) + at % kBlockSize;
      space = kBlockSize - at % kBlockSize;
    }
    const std::size_t count = std::min<std::size_t>(space, bytes.size());
    std::memcpy(to, bytes.data(), count);
    stream.written += count;
    bytes.remove_prefix(count);
  }
}

void TaskStore::flush(uint32_t task, bool closed) {
  // Pairs with the worker's acquire load: the bytes below `written` are visible before it.
  state_.tasks[task].published.store(streams_[task].written | (closed ? kStreamClosed : 0),
                                     std::memory_order_seq_cst);
}

}  // namespace pgring
