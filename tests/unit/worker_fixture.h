// What a worker's parts share, without the process: its own shared mapping, and its time.
#pragma once

#include <memory>

#include "common/platform.h"
#include "common/poller.h"
#include "tests/unit/shared_fixture.h"
#include "worker/worker_context.h"

namespace pgring {

struct WorkerFixture : SharedFixture {
  static constexpr uint8_t kWorker = 1;
  static constexpr uint8_t kOther = 2;

  WorkerFixture() : SharedFixture(64, 64, 2) { context.now = 1'000'000; }

  void configure(uint32_t lane, const LaneConfig& config) {
    write_lane_config(state.lanes[lane], config);
    if (state.header->lane_count.load() <= lane) state.header->lane_count.store(lane + 1);
  }

  Pipe replies = make_pipe(PipeMode::kNonBlocking);
  std::unique_ptr<Poller> poller = Poller::create();
  WorkerContext context{.state = state,
                        .number = kWorker,
                        .slot = state.workers[kWorker],
                        .poller = *poller,
                        .frames = FrameWriter(std::move(replies.write)),
                        .backends = BackendRegistry(state.workers[kWorker]),
                        .links = {},
                        .awake_lanes = {},
                        .to_flush = {},
                        .read_buffer = {},
                        .scratch = {},
                        .sql = {}};
};

}  // namespace pgring
