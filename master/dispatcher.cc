// Publishing and waking; see the rules in common/task_ring.h.
#include "master/dispatcher.h"

#include <algorithm>
#include <bit>

#include "master/client_log.h"

namespace pgring {

bool Dispatcher::begin_unit(Client& client) {
  if (client.task != kNoTask) {  // a linked client keeps its task
    if (!client.published) context_.tasks.restart(client.task);
    return true;
  }
  client.task = context_.tasks.allocate();
  if (client.task != kNoTask) return true;
  if (!client.waiting) {
    client.waiting = true;
    waiting_for_task_.push_back(client.index);
  }
  return false;
}

void Dispatcher::submit(Client& client, TaskKind kind, bool closed) {
  Task& task = context_.tasks[client.task];
  context_.tasks.flush(client.task, closed);
  if (client.published) {  // more of a unit that a worker may already have
    const TaskWord word = TaskWord::unpack(task.word.load(std::memory_order_acquire));
    if (word.worker != 0) alert(word.worker);
    return;
  }
  task.client = client.index;
  task.lane = static_cast<uint16_t>(client.pool->lane);
  task.kind = kind;
  task.session = client.mode == PoolMode::kSession;
  // In session pooling the connection is the client's own from its first unit on.
  task.traffic = closed && !task.session ? client.traffic : TaskTraffic::kExclusive;
  // What follows may hold directives: the worker must count the replies from the beginning.
  if (!closed && client.unit_extended) task.plain = false;
  task.parameter_set = client.parameter_set;
  task.parameter_serial = client.parameter_set == kNoParameterSet
                              ? 0
                              : context_.parameter_sets.serial(client.parameter_set);
  task.ready_at = context_.now;
  task.unnamed_serial = client.unit_begins_unnamed ? client.statements->unnamed_serial : 0;
  client.published = true;
  client.reply_bytes = 0;
  client.first_reply = 0;
  if (put_on_lane(client)) return;
  client.waiting = true;
  if (client.pool->waiting.empty()) full_lanes_.push_back(client.pool->lane);
  client.pool->waiting.push_back(client.index);
}

bool Dispatcher::put_on_lane(Client& client) {
  if (client.worker != 0) {
    // As many links as a worker has connections: its mailbox cannot be full.
    static_assert(kMaxBackendsPerWorker <= kLaneCapacity);
    TaskRing& mailbox = context_.state.workers[client.worker].mailbox;
    publish(mailbox, context_.state.tasks, client.task);
    log_unit(client, context_.tasks[client.task]);
    ring(client.worker);
    return true;
  }
  Lane& lane = context_.state.lanes[client.pool->lane];
  if (publish(lane.ring, context_.state.tasks, client.task) == PublishResult::kFull) return false;
  log_unit(client, context_.tasks[client.task]);
  touch(client.pool->lane);
  return true;
}

void Dispatcher::resubmit(Client& client) {
  Task& task = context_.tasks[client.task];
  context_.tasks.rewind(client.task);
  task.delivered.store(0, std::memory_order_relaxed);
  task.requests.store(0, std::memory_order_relaxed);
  client.reply_bytes = 0;
  client.first_reply = 0;
  Lane& lane = context_.state.lanes[client.pool->lane];
  touch(client.pool->lane);
  if (publish(lane.front, context_.state.tasks, client.task) == PublishResult::kPublished) return;
  if (put_on_lane(client)) return;
  client.waiting = true;
  if (client.pool->waiting.empty()) full_lanes_.push_back(client.pool->lane);
  client.pool->waiting.push_front(client.index);
}

void Dispatcher::end_unit(Client& client) {
  ++units_ended_;
  client.published = false;
  if (client.worker == 0) drop_task(client);
}

void Dispatcher::drop_task(Client& client) {
  if (client.task == kNoTask) return;
  context_.tasks.release(client.task);
  client.task = kNoTask;
  client.published = false;
}

bool Dispatcher::take_back(Client& client) {
  Task& task = context_.tasks[client.task];
  const TaskWord word = TaskWord::unpack(task.word.load(std::memory_order_acquire));
  // Free: it has not found a place on its lane yet.
  if (word.state != TaskState::kFree && !withdraw(task)) return false;
  leave_queues(client);
  client.published = false;
  return true;
}

void Dispatcher::request(Client& client, uint32_t what) {
  Task& task = context_.tasks[client.task];
  // Dekker, with the worker: it claims, then loads requests.
  task.requests.fetch_or(what, std::memory_order_seq_cst);
  const TaskWord word = TaskWord::unpack(task.word.load(std::memory_order_seq_cst));
  if (word.worker != 0) alert(word.worker);
}

void Dispatcher::leave_queues(Client& client) {
  if (!client.waiting) return;
  client.waiting = false;
  std::erase(waiting_for_task_, client.index);
  if (client.pool) std::erase(client.pool->waiting, client.index);
}

void Dispatcher::serve_queues() {
  for (std::size_t i = 0; i < full_lanes_.size();) {
    Pool& pool = context_.pools.by_lane(full_lanes_[i]);
    while (!pool.waiting.empty()) {
      Client& client = client_of(pool.waiting.front());
      if (!put_on_lane(client)) break;
      pool.waiting.pop_front();
      client.waiting = false;
    }
    if (!pool.waiting.empty()) {
      ++i;
      continue;
    }
    full_lanes_[i] = full_lanes_.back();
    full_lanes_.pop_back();
  }
  uint32_t free = context_.tasks.free_tasks();
  for (; free > 0 && !waiting_for_task_.empty(); --free) {
    Client& client = client_of(waiting_for_task_.front());
    waiting_for_task_.pop_front();
    client.waiting = false;
    served_.push_back(client.index);
  }
}

void Dispatcher::touch(uint32_t lane) {
  if (lane_touched_[lane]) return;
  lane_touched_[lane] = true;
  touched_lanes_.push_back(lane);
}

void Dispatcher::ring(uint8_t worker) { workers_to_ring_ |= uint64_t{1} << (worker - 1); }

void Dispatcher::alert(uint8_t worker) {
  // Pairs with the worker's load of attention behind its store of sleeping.
  context_.state.workers[worker].attention.fetch_add(1, std::memory_order_seq_cst);
  ring(worker);
}

void Dispatcher::alert_all() {
  for (uint32_t worker = 1; worker <= context_.state.header->worker_count; ++worker) {
    alert(static_cast<uint8_t>(worker));
  }
}

// A worker that was rung may be stopped, or starved by others: whoever sleeps is asked then.
void Dispatcher::wake_all_for_waiting() {
  const uint32_t lanes = context_.state.header->lane_count.load(std::memory_order_relaxed);
  for (uint32_t lane = 0; lane < lanes; ++lane) {
    const Lane& each = context_.state.lanes[lane];
    if (depth(each.front) + depth(each.ring) > 0) return alert_all();
  }
}

// One that was told to leave serves its linked clients to the end, but no lane.
bool Dispatcher::takes_tasks(const WorkerSlot& slot) {
  return slot.pid.load(std::memory_order_relaxed) != 0 &&
         slot.stop.load(std::memory_order_relaxed) == 0;
}

bool Dispatcher::some_awake_worker_has_room(const Lane& lane) const {
  for (uint32_t worker = 1; worker <= context_.state.header->worker_count; ++worker) {
    const WorkerSlot& slot = context_.state.workers[worker];
    if (!takes_tasks(slot)) continue;
    // The other half of the Dekker pair: announce() has stored the news seq_cst before.
    if (slot.sleeping.load(std::memory_order_seq_cst) == 0 &&
        lane.shares[worker].short_room.load(std::memory_order_relaxed) > 0) {
      return true;
    }
  }
  return false;
}

// Every connection the pool may have exists and is busy: whoever owns the next one to become free
// looks at the lane by itself.
bool Dispatcher::is_saturated(const Lane& lane) const {
  uint32_t connections = 0;
  for (uint32_t worker = 1; worker <= context_.state.header->worker_count; ++worker) {
    if (!takes_tasks(context_.state.workers[worker])) continue;
    if (lane.shares[worker].room.load(std::memory_order_relaxed) > 0) return false;
    connections += lane.shares[worker].connections.load(std::memory_order_relaxed);
  }
  return lane.config.pool_size > 0 && connections >= lane.config.pool_size;
}

// Wakes for each lane the sleeper that has most room, or where none has any, the one with the
// fewest connections, which may open another.
void Dispatcher::wake_workers() {
  for (const uint32_t number : touched_lanes_) {
    lane_touched_[number] = false;
    announce(*context_.state.header, number);
    const Lane& lane = context_.state.lanes[number];
    if (some_awake_worker_has_room(lane) || is_saturated(lane)) continue;
    uint8_t best = 0;
    int64_t best_score = INT64_MIN;
    for (uint32_t worker = 1; worker <= context_.state.header->worker_count; ++worker) {
      const WorkerSlot& slot = context_.state.workers[worker];
      if (!takes_tasks(slot)) continue;
      if (slot.sleeping.load(std::memory_order_seq_cst) == 0) continue;
      const LaneShare& share = lane.shares[worker];
      const uint32_t room = share.room.load(std::memory_order_relaxed);
      const int64_t score =
          room > 0 ? room : -1 - int64_t{share.connections.load(std::memory_order_relaxed)};
      if (score > best_score) {
        best_score = score;
        best = static_cast<uint8_t>(worker);
      }
    }
    if (best != 0) ring(best);
  }
  touched_lanes_.clear();
  while (workers_to_ring_ != 0) {
    const int bit = std::countr_zero(workers_to_ring_);
    workers_to_ring_ &= workers_to_ring_ - 1;
    const auto worker = static_cast<uint32_t>(bit + 1);
    if (context_.state.workers[worker].sleeping.load(std::memory_order_seq_cst) == 0) continue;
    doorbells_[worker].ring();
    ++wakeups_;
  }
}

}  // namespace pgring
