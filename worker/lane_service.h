// Serves all lanes: claims what can be placed, opens connections for what cannot.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "worker/connection_table.h"
#include "worker/lane_pool.h"
#include "worker/worker_context.h"

namespace pgring {

class LaneService {
 public:
  LaneService(WorkerContext& context, ConnectionTable& connections)
      : context_(context), connections_(connections) {}

  // Follows new lanes and configurations. `claiming`: also takes tasks and opens connections.
  void serve(bool claiming);
  // After serve(): tasks wait that could not be placed.
  bool tasks_wait() const { return tasks_wait_; }
  // Something was published, or a lane added, since serve() looked. Before sleeping.
  bool has_news() const;
  // Units on connections.
  std::size_t under_way() const;
  // For so many microseconds answers may be left to gather: every busy backend has a long line of
  // short reads, of which half will be left by then, and many answers are read and passed on with
  // one wake-up. 0: somebody would have to wait, or a backend.
  int64_t leisure() const;

 private:
  void look_for_news();
  void serve_lane(LanePool& pool);
  void take_tasks(LanePool& pool);
  bool open_connection(LanePool& pool);
  void evict_for(const LanePool& pool);

  WorkerContext& context_;
  ConnectionTable& connections_;
  std::vector<std::unique_ptr<LanePool>> lanes_;
  std::vector<LanePool*> pointers_;
  uint64_t seen_ = 0;                   // of the lanes' news
  std::vector<uint32_t> seen_of_lane_;  // ... by lane
  bool claiming_ = true;
  bool tasks_wait_ = false;
};

}  // namespace pgring
