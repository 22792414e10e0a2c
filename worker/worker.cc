// The worker's loop. Its order: events, the mailbox, attention, the lanes, then everything gathered
// is sent, then sleep.
#include "worker/worker.h"

#include <poll.h>
#include <signal.h>

#include <algorithm>
#include <array>
#include <climits>
#include <utility>

#include "common/batch_scheduling.h"
#include "common/linger.h"
#include "common/log.h"
#include "common/platform.h"
#include "common/wire.h"
#include "worker/canceller.h"
#include "worker/connection_table.h"
#include "worker/lane_service.h"
#include "worker/worker_context.h"

namespace pgring {

namespace {

constexpr uint64_t kDoorbellToken = 1;
constexpr uint64_t kMasterToken = 2;
constexpr uint64_t kCancelTokens = uint64_t{1} << 62;
constexpr std::size_t kReadBuffer = 128 * 1024;
constexpr int64_t kLongestSleep = 1'000'000;  // microseconds
constexpr int64_t kFarewell = 500'000;        // for cancel requests, when leaving
constexpr int64_t kBlockedRetry = 20'000;     // tasks wait and no limit may tell us when it lifts

class Worker {
 public:
  explicit Worker(WorkerStart start);
  int run();

 private:
  enum class Stop : uint32_t { kNo = 0, kWhenFree = 1, kNow = 2 };

  void handle_events();
  void take_mail();
  void deliver(uint32_t task);
  void look_at_attention();
  void serve_lanes();
  void flush_servers();
  void run_timers();
  bool write_replies();
  bool may_leave() const;
  bool let_answers_gather();
  void sleep(bool room_again);
  int sleep_time() const;
  bool something_to_do() const;
  void cancel_orphans();
  void cancel_running();

  WorkerStart start_;
  std::unique_ptr<Poller> poller_;
  WorkerContext context_;
  Canceller canceller_;
  ConnectionTable connections_;
  LaneService lanes_;
  std::array<PollEvent, 256> events_;
  std::size_t event_count_ = 0;
  Linger linger_{20};  // units under way
  BatchScheduling batch_scheduling_;
  bool master_gone_ = false;
  bool orphans_remain_ = true;  // of this worker's predecessor
};

Worker::Worker(WorkerStart start)
    : start_(std::move(start)),
      poller_(Poller::create()),
      context_{.state = start_.state,
               .number = start_.number,
               .slot = start_.state.workers[start_.number],
               .poller = *poller_,
               .frames = FrameWriter(std::move(start_.replies)),
               .backends = BackendRegistry(start_.state.workers[start_.number]),
               .links = {},
               .awake_lanes = {},
               .to_flush = {},
               .read_buffer = std::vector<char>(kReadBuffer),
               .scratch = {},
               .sql = {}},
      canceller_(context_, kCancelTokens),
      connections_(context_),
      lanes_(context_, connections_) {
  context_.canceller = &canceller_;
  context_.now = monotonic_us();
  poller_->add(start_.doorbell.fd(), kDoorbellToken, Interest::kRead);
  poller_->add(start_.master_alive.get(), kMasterToken, Interest::kRead);
}

int Worker::run() {
  cancel_orphans();
  while (!master_gone_) {
    context_.now = monotonic_us();
    handle_events();
    take_mail();
    look_at_attention();
    serve_lanes();
    run_timers();
    batch_scheduling_.review(context_.now, context_.slot.counters.tasks_claimed);
    flush_servers();
    const bool room_again = connections_.bury() && lanes_.tasks_wait();
    if (!write_replies()) break;
    if (may_leave()) break;
    sleep(room_again);
  }
  context_.slot.sleeping.store(0, std::memory_order_seq_cst);
  cancel_running();
  connections_.close_all();
  return 0;
}

// A backend notices only at the end of its statement that the connection is closed.
void Worker::cancel_running() {
  connections_.for_each([](ServerConnection& connection) { connection.cancel_for_leaving(); });
  const int64_t deadline = monotonic_us() + kFarewell;
  while (canceller_.busy() && monotonic_us() < deadline) {
    event_count_ = poller_->wait(events_, 20);
    for (std::size_t i = 0; i < event_count_; ++i) {
      const uint64_t token = events_[i].token;
      const bool of_connection = (token & ConnectionTable::kTokens) != 0;
      if (!of_connection && (token & kCancelTokens) != 0) canceller_.on_event(token);
    }
  }
}

// Statements that a dead predecessor left running are cancelled before anything is run again.
void Worker::cancel_orphans() {
  for (BackendKey& key : context_.slot.backends) {
    if (key.pid.load(std::memory_order_acquire) == 0) continue;
    canceller_.start(key, nullptr);
    key.pid.store(0, std::memory_order_release);
  }
}

void Worker::handle_events() {
  for (std::size_t i = 0; i < event_count_; ++i) {
    const PollEvent& event = events_[i];
    if (event.token == kDoorbellToken) {
      start_.doorbell.clear();
    } else if (event.token == kMasterToken) {
      master_gone_ = true;
    } else if ((event.token & ConnectionTable::kTokens) != 0) {
      if (ServerConnection* connection = connections_.find(event.token)) {
        connection->on_event(event);
      }
    } else if ((event.token & kCancelTokens) != 0) {
      canceller_.on_event(event.token);
    }
  }
  event_count_ = 0;
}

void Worker::take_mail() {
  while (has_entries(context_.slot.mailbox)) {
    const uint32_t task = claim(context_.slot.mailbox, context_.state.tasks, context_.number);
    if (task == kNoTask) return;
    deliver(task);
  }
}

// A task of a linked client.
void Worker::deliver(uint32_t number) {
  const Task& task = context_.task(number);
  count(context_.slot.counters.tasks_claimed);
  ServerConnection* connection = context_.links.find(task.client);
  FrameHeader header{};
  header.task = number;
  header.turn = TaskWord::unpack(task.word.load(std::memory_order_relaxed)).turn;
  if (task.kind == TaskKind::kRelease) {
    if (connection != nullptr) connection->release_client();
    header.status = 'I';
    context_.frames.end(header);
  } else if (connection != nullptr) {
    connection->add_task(number);
  } else {  // its connection has died and the news is on its way to the master
    context_.scratch.clear();
    wire::append_error(
        context_.scratch,
        {.severity = "FATAL", .sqlstate = "08006", .message = "connection to server was lost"});
    header.kind = FrameKind::kFailed;
    header.flags = kFrameFatal;
    context_.frames.frame(header, {context_.scratch.data(), context_.scratch.size()});
  }
}

void Worker::look_at_attention() {
  if (context_.slot.attention.load(std::memory_order_relaxed) == 0) return;
  context_.slot.attention.exchange(0, std::memory_order_seq_cst);
  context_.all_lanes = true;
  connections_.for_each([](ServerConnection& connection) { connection.on_attention(); });
}

// What a dead worker left running must have ended before it is run again.
void Worker::serve_lanes() {
  orphans_remain_ = orphans_remain_ && canceller_.busy();
  const bool leaving = context_.slot.stop.load(std::memory_order_acquire) != 0;
  // Those who stay need this one's places in the pools, and a linked client may stay long.
  if (leaving) connections_.for_each([](ServerConnection& each) { each.retire(); });
  lanes_.serve(!orphans_remain_ && !leaving);
}

void Worker::flush_servers() {
  for (std::size_t i = 0; i < context_.to_flush.size(); ++i) context_.to_flush[i]->flush();
  context_.to_flush.clear();
}

void Worker::run_timers() {
  if (context_.now < context_.next_timer) return;
  context_.next_timer = context_.now + kLongestSleep;
  connections_.for_each([](ServerConnection& connection) { connection.check_timers(); });
  canceller_.check_timers();
}

// Nothing more is read from the servers until the master has taken what there is. False: it is
// gone.
bool Worker::write_replies() {
  if (!context_.frames.flush()) return false;
  while (context_.frames.blocked()) {
    std::array<pollfd, 2> wait{
        {{context_.frames.fd(), POLLOUT, 0}, {start_.master_alive.get(), POLLIN, 0}}};
    ::poll(wait.data(), wait.size(), -1);
    if (wait[1].revents != 0) return false;
    if (!context_.frames.flush()) return false;
  }
  return true;
}

bool Worker::may_leave() const {
  const auto stop = static_cast<Stop>(context_.slot.stop.load(std::memory_order_acquire));
  if (stop == Stop::kNo) return false;
  if (stop == Stop::kNow) return true;
  bool busy = context_.links.count() > 0;
  connections_.for_each(
      [&](const ServerConnection& connection) { busy = busy || connection.load() > 0; });
  return !busy;
}

bool Worker::something_to_do() const {
  if (has_entries(context_.slot.mailbox)) return true;
  if (context_.slot.attention.load(std::memory_order_seq_cst) != 0) return true;
  if (!context_.to_flush.empty() || context_.frames.pending() > 0) return true;
  return lanes_.has_news();
}

int Worker::sleep_time() const {
  int64_t until = context_.next_timer;
  if (lanes_.tasks_wait()) until = std::min(until, context_.now + kBlockedRetry);
  const int64_t left = until - context_.now;
  return static_cast<int>(std::clamp<int64_t>((left + 999) / 1000, 0, INT_MAX));
}

// While the backends have enough to do, their answers may gather. The master need not ring then:
// the worker is not asleep.
bool Worker::let_answers_gather() {
  const int64_t leisure = lanes_.leisure();
  if (leisure == 0 || !nap(leisure)) return false;
  count(context_.slot.counters.naps);
  event_count_ = poller_->wait(events_, 0);
  return true;
}

// Dekker, with the master: it publishes (or raises attention), then loads `sleeping`.
void Worker::sleep(bool room_again) {
  if (let_answers_gather()) return;
  const int64_t begin = monotonic_us();
  if (std::exchange(context_.streamed, false)) linger_.on_stream(begin);
  const bool may_linger = !room_again && !batch_scheduling_.crowded() &&
                          context_.state.header->lingering.load(std::memory_order_relaxed) != 0;
  const bool soon = may_linger && linger_.look_again([this] {
    event_count_ = poller_->wait(events_, 0);
    return event_count_ > 0 || something_to_do();
  });
  if (!soon) {
    context_.slot.sleeping.store(1, std::memory_order_seq_cst);
    const bool stay = room_again || something_to_do();
    if (!stay) count(context_.slot.counters.sleeps);
    event_count_ = poller_->wait(events_, stay ? 0 : sleep_time());
    context_.slot.sleeping.store(0, std::memory_order_seq_cst);
  }
  if (event_count_ > 0 || soon)
    linger_.note(monotonic_us() - begin, std::max<std::size_t>(lanes_.under_way(), 1));
}

}  // namespace

int run_worker(WorkerStart start) {
  ::signal(SIGPIPE, SIG_IGN);
  Worker worker(std::move(start));
  return worker.run();
}

}  // namespace pgring
