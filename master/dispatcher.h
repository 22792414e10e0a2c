// Puts tasks on lanes and wakes workers: each task is published once, each sleeper is woken once
// per loop of the master, and only if no worker that is awake has room.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <vector>

#include "common/doorbell.h"
#include "master/client.h"
#include "master/context.h"

namespace pgring {

class Dispatcher {
 public:
  Dispatcher(Context& context, std::vector<Doorbell>& doorbells)
      : context_(context), doorbells_(doorbells) {}

  // Gives `client` a task to write into. False: none is free, the client is now in the queue for
  // one and `on_room` will name it.
  bool begin_unit(Client& client);
  // Makes what the client has written so far visible to the workers; the first time this publishes
  // the task. `closed`: the unit is complete.
  void submit(Client& client, TaskKind kind, bool closed);
  // A unit of a dead worker is to be run again, before others.
  void resubmit(Client& client);
  // The client's task is Free: it is given back, or kept for the next unit of a linked client.
  void end_unit(Client& client);
  // Takes an unpublished or withdrawn task away from the client.
  void drop_task(Client& client);
  // Takes the client's task off its lane. False where a worker has it.
  bool take_back(Client& client);
  // Asks the worker that has the client's task for something (kRequestCancel, kRequestAbandon).
  void request(Client& client, uint32_t what);
  // The client no longer waits for anything.
  void leave_queues(Client& client);

  // The worker should look at requests, windows or configurations.
  void alert(uint8_t worker);
  void alert_all();
  // Now and then: where tasks wait, every worker looks.
  void wake_all_for_waiting();

  // Clients for which there is room now, in the order in which they came.
  std::vector<uint32_t>& served() { return served_; }
  // Retries what was refused before; called once per loop.
  void serve_queues();
  // Rings the doorbells this loop has made necessary.
  void wake_workers();

  uint64_t wakeups() const { return wakeups_; }
  uint64_t units_ended() const { return units_ended_; }

 private:
  bool put_on_lane(Client& client);
  static bool takes_tasks(const WorkerSlot& slot);
  bool some_awake_worker_has_room(const Lane& lane) const;
  bool is_saturated(const Lane& lane) const;
  void ring(uint8_t worker);
  void touch(uint32_t lane);

  Context& context_;
  std::vector<Doorbell>& doorbells_;  // by worker number
  std::deque<uint32_t> waiting_for_task_;
  std::vector<uint32_t> full_lanes_;  // pools with clients waiting
  std::vector<uint32_t> touched_lanes_;
  std::vector<bool> lane_touched_ = std::vector<bool>(kMaxLanes);
  uint64_t workers_to_ring_ = 0;  // a bit per worker
  std::vector<uint32_t> served_;
  uint64_t wakeups_ = 0;
  uint64_t units_ended_ = 0;

 public:
  // Set by Master: finds a client by its number.
  std::function<Client&(uint32_t)> client_of;
};

static_assert(kMaxWorkers < 64 + 1, "workers_to_ring_ has a bit for each");

}  // namespace pgring
