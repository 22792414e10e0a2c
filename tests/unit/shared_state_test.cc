// The shared mapping: its parts do not overlap, and a configuration is read whole or not at all.
#include "common/shared_state.h"

#include <doctest/doctest.h>

#include <atomic>
#include <cstring>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "tests/unit/shared_fixture.h"

namespace pgring {
namespace {

std::pair<const char*, const char*> range(const void* from, std::size_t bytes) {
  const char* begin = static_cast<const char*>(from);
  return {begin, begin + bytes};
}

TEST_CASE("shared state: parts lie one behind another, aligned, inside the region") {
  constexpr uint32_t kTasks = 777, kBlocks = 65;
  const SharedFixture shared(kTasks, kBlocks, 3);
  const SharedState& state = shared.state;
  const std::pair<const char*, const char*> parts[] = {
      range(state.header, sizeof(SharedHeader)),
      range(state.workers, sizeof(WorkerSlot) * (kMaxWorkers + 1)),
      range(state.lanes, sizeof(Lane) * kMaxLanes),
      range(state.tasks, sizeof(Task) * kTasks),
      range(state.statements, sizeof(StatementEntry) * kMaxStatements),
      range(state.parameter_sets, sizeof(ParameterSet) * kMaxParameterSets),
      range(state.blocks, std::size_t{kBlocks} * kBlockSize)};
  const char* end = shared.region.data();
  for (const auto& [from, to] : parts) {
    CHECK(from >= end);
    CHECK(reinterpret_cast<uintptr_t>(from) % 4096 == 0);
    end = to;
  }
  CHECK(end <= shared.region.data() + shared.region.size());
  CHECK(state.block(1) == state.blocks + kBlockSize);
  CHECK(state.header->task_count == kTasks);
  CHECK(state.header->block_count == kBlocks);
  CHECK(state.header->worker_count == 3);
}

TEST_CASE("shared state: zeroed memory is a valid beginning") {
  const SharedFixture shared;
  LaneConfig config;
  uint32_t version = 0;
  CHECK(word_of(shared.state.tasks[5]).state == TaskState::kFree);
  CHECK(word_of(shared.state.tasks[5]).worker == 0);
  CHECK_FALSE(has_entries(shared.state.lanes[kMaxLanes - 1].front));
  CHECK_FALSE(has_entries(shared.state.workers[kMaxWorkers].mailbox));
  CHECK_FALSE(read_lane_config(shared.state.lanes[0], config, version));
}

TEST_CASE("shared state: no type has a pointer's semantics or a destructor") {
  CHECK(std::is_trivially_copyable_v<LaneConfig>);
  CHECK(std::is_trivially_copyable_v<StatementEntry>);
  CHECK(std::is_trivially_copyable_v<ParameterSet>);
  CHECK(std::is_trivially_destructible_v<WorkerSlot>);
  CHECK(std::is_trivially_destructible_v<Lane>);
  CHECK(std::is_trivially_destructible_v<SharedHeader>);
  CHECK(std::is_standard_layout_v<Lane>);
  CHECK(std::is_standard_layout_v<WorkerSlot>);
  CHECK(std::atomic<int64_t>::is_always_lock_free);
  CHECK(std::atomic<int32_t>::is_always_lock_free);
}

TEST_CASE("shared state: what wakes a worker does not share its line with the mailbox") {
  CHECK(offsetof(WorkerSlot, sleeping) % 64 == 0);
  CHECK(offsetof(WorkerSlot, sleeping) >= sizeof(TaskRing));
  CHECK(alignof(WorkerSlot) == 64);
  CHECK(alignof(Lane) == 64);
}

TEST_CASE("lane configuration: each write is a new version") {
  const SharedFixture shared;
  Lane& lane = shared.state.lanes[3];
  LaneConfig config{}, read{};
  uint32_t version = 0, again = 0;
  std::strcpy(config.name, "shop/web");
  config.pool_size = 20;
  write_lane_config(lane, config);
  REQUIRE(read_lane_config(lane, read, version));
  CHECK(std::string_view(read.name) == "shop/web");
  CHECK(read.pool_size == 20);
  CHECK(version % 2 == 0);
  config.pool_size = 30;
  write_lane_config(lane, config);
  REQUIRE(read_lane_config(lane, read, again));
  CHECK(read.pool_size == 30);
  CHECK(again != version);
}

TEST_CASE("lane configuration: a reader is refused while the writer is at it") {
  const SharedFixture shared;
  Lane& lane = shared.state.lanes[0];
  LaneConfig config{};
  uint32_t version = 0;
  write_lane_config(lane, config);
  lane.version = lane.version + 1;
  CHECK_FALSE(read_lane_config(lane, config, version));
}

TEST_CASE("lane configuration: readers beside a writer never see half of one") {
  const SharedFixture shared;
  Lane& lane = shared.state.lanes[0];
  std::atomic<bool> done = false;
  std::atomic<uint64_t> torn = 0, whole = 0;
  const auto filled = [](uint32_t number) {
    LaneConfig config{};
    std::memset(config.conninfo, static_cast<char>('a' + number % 26), sizeof config.conninfo - 1);
    config.pool_size = config.pipeline_depth = config.max_prepared_statements = number;
    return config;
  };
  std::vector<std::thread> readers;
  for (int i = 0; i < 2; ++i) {
    readers.emplace_back([&] {
      LaneConfig read;
      uint32_t version = 0, last = 0;
      while (!done || whole == 0) {
        if (!read_lane_config(lane, read, version)) continue;
        ++whole;
        const char wanted = static_cast<char>('a' + read.pool_size % 26);
        const bool same = read.pipeline_depth == read.pool_size && read.conninfo[0] == wanted &&
                          read.conninfo[sizeof read.conninfo - 2] == wanted &&
                          read.max_prepared_statements == read.pool_size && version >= last;
        if (!same) ++torn;
        last = version;
      }
    });
  }
  for (uint32_t number = 1; number <= 20000; ++number) write_lane_config(lane, filled(number));
  done = true;
  for (std::thread& reader : readers) reader.join();
  CHECK(torn == 0);
  CHECK(whole > 0);
}

}  // namespace
}  // namespace pgring
