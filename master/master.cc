// The master's event loop.
#include "master/master.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "common/clock.h"
#include "common/platform.h"
#include "common/prefetch.h"
#include "common/settings_load.h"
#include "master/capacity.h"
#include "master/client_census.h"
#include "master/server_status_publisher.h"

namespace pgring {
namespace {

constexpr int64_t kTick = 100'000;
constexpr int64_t kComplaintInterval = 10'000'000;
// Of the block store, so much is for the texts of prepared statements.
constexpr uint32_t kStatementShare = 4;  // a quarter

std::vector<Doorbell> make_doorbells() {
  std::vector<Doorbell> doorbells;
  for (uint32_t worker = 0; worker <= kMaxWorkers; ++worker) {
    doorbells.push_back(Doorbell::create());
  }
  return doorbells;
}

}  // namespace

Master::Master(Settings settings, Listeners listeners, std::optional<Listeners> metrics,
               const ProcessTitle& title, const ServiceNotify& manager)
    : title_(title),
      manager_(manager),
      logger_(log_config_from(settings),
              [this] {
                become_child();
                title_.set("logger");
              }),
      region_(SharedState::bytes_needed(task_count(settings), block_count(settings))),
      context_(SharedState::create(region_.data(), task_count(settings), block_count(settings), 0),
               std::move(settings), Poller::create(),
               block_count(settings) - block_count(settings) / kStatementShare),
      doorbells_(make_doorbells()),
      listeners_(std::move(listeners)),
      dispatcher_(context_, doorbells_),
      frontend_(context_, dispatcher_),
      replies_(context_, dispatcher_, frontend_),
      timeouts_(context_, dispatcher_, frontend_),
      stats_(context_.state, monotonic_us()),
      console_({context_, frontend_, dispatcher_, stats_}),
      supervisor_(context_, doorbells_, replies_,
                  [this](uint8_t number) { become_worker(number); }),
      status_(context_.settings.metrics_listen, std::move(metrics),
              [this](Listeners taken, int liveness) {
                return become_status(std::move(taken), liveness);
              }) {
  dispatcher_.client_of = [this](uint32_t index) -> Client& { return frontend_.client(index); };
  frontend_.login().on_cancel = [this](uint32_t pid, std::string_view key) {
    replies_.cancel(pid, key);
  };
  connect_console();
  logger_.start();
  logger_.attach({LogProcessKind::kMaster, 0});
  set_log_level(effective_log_level(context_.settings));  // of all processes from now on
  context_.now = monotonic_us();
  publish_start(context_.state.header->status);
  publish_shared_settings();
  context_.poller->add(signals_.fd(), make_token(TokenKind::kSignal, 0), Interest::kRead);
  supervisor_.set_count(worker_count(context_.settings));
  for (const Fd& socket : listeners_.sockets()) {
    context_.poller->add(socket.get(),
                         make_token(TokenKind::kListener, static_cast<uint32_t>(socket.get())),
                         Interest::kRead);
  }
  status_.start();
}

void Master::connect_console() {
  frontend_.login().on_console = [this](Client& client) { console_.admit(client); };
  frontend_.on_console_input = [this](Client& client, std::string_view& bytes) {
    return console_.take(client, bytes);
  };
  AdminServices& services = console_.services();
  services.reload = [this] { return reload(); };
  services.set = [this](const std::string& name, const std::string& value) {
    return set_setting(name, value);
  };
  services.shutdown = [this](ShutdownMode mode) {
    switch (mode) {
      case ShutdownMode::kNow:
        return stop(Stopping::kNow);
      case ShutdownMode::kWaitForClients:
        return stop(Stopping::kWaitForClients);
      case ShutdownMode::kWaitForServers:
        return stop(Stopping::kWaitForServers);
    }
  };
}

int Master::run() {
  title_.set("master");
  // So few that the sockets that were found readable are still in the processor's cache when they
  // are read.
  std::vector<PollEvent> events(32);
  while (!may_leave()) {
    const int timeout = frontend_.count() > 0 || stopping_ != Stopping::kNo ? kTick / 1000 : 500;
    const std::size_t count =
        event_wait_.wait(events, timeout, dispatcher_.units_ended(), batch_scheduling_.crowded());
    prefetching(
        count, Frontend::kPrefetchSteps,
        [&](std::size_t i, std::size_t step) {
          if (token_kind(events[i].token) != TokenKind::kClient) return;
          frontend_.prefetch(token_number(events[i].token), step);
        },
        [&](std::size_t i) { handle(events[i]); });
    if (context_.now >= next_tick_) tick();
    events_handled_ += count;
    batch_scheduling_.review(context_.now, events_handled_);
    serve_held_up();
    dispatcher_.wake_workers();
    frontend_.bury();
  }
  farewell();
  return 0;
}

void Master::handle(const PollEvent& event) {
  const uint32_t number = token_number(event.token);
  switch (token_kind(event.token)) {
    case TokenKind::kListener:
      if (!accepting_paused_ && !frontend_.accept_from(static_cast<int>(number))) {
        const int error = errno;
        if (context_.now >= next_complaint_) {
          next_complaint_ = context_.now + kComplaintInterval;
          log_error("cannot accept clients: {}; they wait, raise the limit on open files",
                    std::strerror(error));
        }
        pause_accepting(true);
      }
      return;
    case TokenKind::kClient:
      return frontend_.on_event(number, event);
    case TokenKind::kReplyPipe:
      return supervisor_.on_pipe(static_cast<uint8_t>(number));
    case TokenKind::kSignal:
      return handle_signals();
    case TokenKind::kLingering:
      return frontend_.lingering().on_event(static_cast<int>(number));
    case TokenKind::kLogger:
      return;
  }
}

void Master::tick() {
  next_tick_ = context_.now + kTick;
  if (accepting_paused_) pause_accepting(false);
  timeouts_.check();
  dispatcher_.wake_all_for_waiting();
  frontend_.lingering().tick(context_.now);
  if (context_.pools.close_unused()) dispatcher_.alert_all();
  publish_census(frontend_.all(), context_);
  stats_.tick(context_.now, context_.settings);
  console_.serve_waiting();
  supervisor_.restart_due();
  logger_.tick();
  status_.tick();
  publish_server_status(context_, frontend_,
                        {.stopping = stopping_ != Stopping::kNo,
                         .logger_pid = logger_.pid(),
                         .logger_restarts = logger_.restarts(),
                         .status_restarts = status_.restarts()});
}

// Clients whose input was held back and may go on. Serving one may hold up or release others.
void Master::serve_held_up() {
  std::vector<uint32_t>& served = dispatcher_.served();
  dispatcher_.serve_queues();
  for (std::size_t i = 0; i < served.size(); ++i) {
    Client& client = frontend_.client(served[i]);
    client.waits_for_room = false;
    frontend_.resume(client);
  }
  served.clear();
}

void Master::pause_accepting(bool paused) {
  accepting_paused_ = paused;
  for (const Fd& socket : listeners_.sockets()) {
    context_.poller->modify(socket.get(),
                            make_token(TokenKind::kListener, static_cast<uint32_t>(socket.get())),
                            paused ? Interest::kNone : Interest::kRead);
  }
}

}  // namespace pgring
