// A shared mapping of its own for one test.
#pragma once

#include "common/shared_region.h"
#include "common/shared_state.h"

namespace pgring {

struct SharedFixture {
  explicit SharedFixture(uint32_t tasks = 64, uint32_t blocks = 64, uint32_t workers = 2)
      : region(SharedState::bytes_needed(tasks, blocks)),
        state(SharedState::create(region.data(), tasks, blocks, workers)) {}

  SharedRegion region;
  SharedState state;
};

inline TaskWord word_of(const Task& task) {
  return TaskWord::unpack(task.word.load(std::memory_order_acquire));
}

}  // namespace pgring
