// The master's side of tasks: allocation, and the writing of their input streams. Free lists lie in
// the master's private memory, so that no other process can harm them.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "common/shared_state.h"

namespace pgring {

class TaskStore {
 public:
  // Uses the blocks below `block_count`.
  TaskStore(SharedState state, uint32_t block_count);

  // A Free task with an empty, open stream; kNoTask where all are in use.
  uint32_t allocate();
  // Gives a Free task and its blocks back.
  void release(uint32_t task);
  // An allocated, Free task is to carry another unit: its stream starts again from nothing.
  void restart(uint32_t task);

  Task& operator[](uint32_t task) { return state_.tasks[task]; }

  // Its stream is to be taken from the beginning once more; is_whole() must hold.
  void rewind(uint32_t task);

  // Bytes that append() would take now; counts the window, and blocks that can be had.
  uint64_t room(uint32_t task);
  // Takes all of `bytes` (at most room()), visible to the worker after flush().
  void append(uint32_t task, std::string_view bytes);
  void prefetch(uint32_t task) const;
  uint64_t written(uint32_t task) const { return streams_[task].written; }

  // Makes what was appended visible; `closed` promises that nothing follows for now.
  void flush(uint32_t task, bool closed);
  // All that was ever appended is still there: the task can be run from the beginning.
  bool is_whole(uint32_t task) const { return streams_[task].first_block == 0; }

  uint32_t free_tasks() const { return static_cast<uint32_t>(free_tasks_.size()); }
  uint32_t block_count() const { return block_count_; }
  uint32_t free_blocks() const { return static_cast<uint32_t>(free_blocks_.size()); }

 private:
  // Blocks are counted from the stream's beginning; block n lies in slot n % kBlocksPerTask.
  struct Stream {
    uint64_t written = 0;
    uint64_t consumed = 0;     // as room() last saw it; never goes back
    uint64_t first_block = 0;  // those before were consumed and have been filled again
    uint64_t end_block = 0;    // [first_block, end_block) are held
  };
  uint64_t consumed_blocks(uint32_t task) const;
  void add_block(uint32_t task);
  void give_blocks_back(uint32_t task);

  SharedState state_;
  uint32_t block_count_;
  std::vector<Stream> streams_;
  std::vector<uint32_t> free_tasks_;
  std::vector<uint32_t> free_blocks_;
};

}  // namespace pgring
