// Laying out the shared mapping, and the versioned hand-over of a lane's configuration.
#include "common/shared_state.h"

#include <cstring>

namespace pgring {
namespace {

constexpr std::size_t align_up(std::size_t bytes) { return (bytes + 4095) & ~std::size_t{4095}; }

struct Layout {
  std::size_t workers, lanes, tasks, statements, parameter_sets, blocks, end;
};

Layout layout(uint32_t task_count, uint32_t block_count) {
  Layout at{};
  at.workers = align_up(sizeof(SharedHeader));
  at.lanes = align_up(at.workers + sizeof(WorkerSlot) * (kMaxWorkers + 1));
  at.tasks = align_up(at.lanes + sizeof(Lane) * kMaxLanes);
  at.statements = align_up(at.tasks + sizeof(Task) * task_count);
  at.parameter_sets = align_up(at.statements + sizeof(StatementEntry) * kMaxStatements);
  at.blocks = align_up(at.parameter_sets + sizeof(ParameterSet) * kMaxParameterSets);
  at.end = at.blocks + std::size_t{block_count} * kBlockSize;
  return at;
}

}  // namespace

std::size_t SharedState::bytes_needed(uint32_t task_count, uint32_t block_count) {
  return layout(task_count, block_count).end;
}

// Zeroed memory is a valid initial state of every type in it: word 0 is {turn 0, Free}.
SharedState SharedState::create(char* memory, uint32_t task_count, uint32_t block_count,
                                uint32_t worker_count) {
  const Layout at = layout(task_count, block_count);
  SharedState state{};
  state.header = reinterpret_cast<SharedHeader*>(memory);
  state.workers = reinterpret_cast<WorkerSlot*>(memory + at.workers);
  state.lanes = reinterpret_cast<Lane*>(memory + at.lanes);
  state.tasks = reinterpret_cast<Task*>(memory + at.tasks);
  state.statements = reinterpret_cast<StatementEntry*>(memory + at.statements);
  state.parameter_sets = reinterpret_cast<ParameterSet*>(memory + at.parameter_sets);
  state.blocks = memory + at.blocks;
  state.header->task_count = task_count;
  state.header->block_count = block_count;
  state.header->worker_count = worker_count;
  state.header->workers_wanted = worker_count;
  return state;
}

void write_lane_config(Lane& lane, const LaneConfig& config) {
  const uint32_t version = lane.version.load(std::memory_order_relaxed);
  lane.version.store(version + 1, std::memory_order_relaxed);
  std::atomic_thread_fence(std::memory_order_release);  // pairs with the fence of the reader
  std::memcpy(&lane.config, &config, sizeof config);
  lane.version.store(version + 2, std::memory_order_release);
}

bool read_lane_config(const Lane& lane, LaneConfig& config, uint32_t& version) {
  const uint32_t before = lane.version.load(std::memory_order_acquire);
  if (before == 0 || before % 2 != 0) return false;
  std::memcpy(&config, &lane.config, sizeof config);
  std::atomic_thread_fence(std::memory_order_acquire);
  version = lane.version.load(std::memory_order_relaxed);
  return version == before;
}

}  // namespace pgring
