// A connection's life: login, events, death.
#include "worker/server_connection.h"

#include <algorithm>

#include "common/log.h"
#include "common/wire.h"
#include "worker/lane_pool.h"

namespace pgring {
namespace {

// Nobody answered, or the server is starting, stopping or full (classes 57P and 53).
bool waiting_may_help(std::string_view sqlstate) {
  return sqlstate.empty() || sqlstate.starts_with("57P") || sqlstate.starts_with("53");
}

}  // namespace

ServerConnection::ServerConnection(WorkerContext& context, LanePool& pool, uint64_t token)
    : context_(context), pool_(pool), token_(token), sender_(context.state, session_, out_) {
  out_.reserve(4096);
}

ServerConnection::Change::~Change() { connection_.pool_.note(connection_); }

ServerConnection::~ServerConnection() {
  if (stream_.connection() != nullptr) {
    if (watched_) context_.poller.remove(stream_.fd());
    // Politely only where nothing is half written and nobody's transaction is open.
    stream_.close(queued() == 0 && line_.empty());
  }
  context_.backends.remove(backend_place_);
}

void ServerConnection::start_login() {
  const Change change(*this);
  opened_at_ = context_.now;
  login_deadline_ = 0;
  if (pool_.config().server_connect_timeout_us > 0) {
    login_deadline_ = context_.now + pool_.config().server_connect_timeout_us;
    context_.wake_at(login_deadline_);
  }
  log_debug("{}: connecting", pool_.config().name);
  login_ = std::make_unique<ServerLogin>(context_.poller, token_);
  continue_login(login_->start(pool_.config().conninfo));
}

void ServerConnection::continue_login(ServerLogin::Progress progress) {
  switch (progress) {
    case ServerLogin::Progress::kWaiting:
      return;
    case ServerLogin::Progress::kFailed:
      login_failed(login_->error_text());
      return;
    case ServerLogin::Progress::kDone:
      login_done();
      return;
  }
}

void ServerConnection::login_failed(std::string_view why) {
  log_warning("{}: cannot connect to the database: {}; statements wait, it is tried again",
              pool_.config().name, why);
  refuse(login_->server_sqlstate(), login_->server_message());
  login_.reset();
  phase_ = Phase::kDead;
}

void ServerConnection::refuse(std::string_view sqlstate, std::string_view message) {
  count(context_.slot.counters.connections_failed);
  FrameHeader header{};
  header.kind = FrameKind::kLoginFailed;
  header.task = pool_.number();
  context_.scratch.clear();
  if (waiting_may_help(sqlstate)) header.flags = kFrameNoServer;
  if (!sqlstate.empty()) {
    wire::append_error(context_.scratch,
                       {.severity = "FATAL", .sqlstate = sqlstate, .message = message});
  }
  context_.frames.frame(header, {context_.scratch.data(), context_.scratch.size()});
  pool_.login_failed();
}

void ServerConnection::login_done() {
  for (const auto& [name, value] : login_->parameters()) session_.parameters.report(name, value);
  session_.parameters.login_complete();
  session_.max_prepared = pool_.config().max_prepared_statements;
  stream_ = ServerStream(login_->take_connection());
  if (login_->has_cancel_key()) {
    backend_place_ =
        context_.backends.add(stream_.fd(), login_->backend_pid(), login_->cancel_key(),
                              pool_.number(), stream_.tls_description(), context_.now);
  }
  send_hello();
  login_.reset();
  phase_ = Phase::kReady;
  opened_at_ = idle_since_ = context_.now;
  count(context_.slot.counters.connections_opened);
  trace("connected");
  if (pool_.config().server_lifetime_us > 0) {
    context_.wake_at(opened_at_ + pool_.config().server_lifetime_us);
  }
  if (pool_.config().connect_query[0] != '\0') {
    add_internal(UnitPurpose::kConnectQuery, pool_.config().connect_query);
  } else {
    pool_.login_succeeded();
  }
}

void ServerConnection::send_hello() {
  context_.scratch.clear();
  for (const auto& [name, value] : login_->parameters()) {
    wire::append_parameter_status(context_.scratch, name, value);
  }
  FrameHeader header{};
  header.kind = FrameKind::kHello;
  header.task = pool_.number();
  context_.frames.frame(header, {context_.scratch.data(), context_.scratch.size()});
}

void ServerConnection::on_event(const PollEvent& event) {
  const Change change(*this);
  if (phase_ == Phase::kLogin) {
    continue_login(login_->advance());
    return;
  }
  if (event.hangup && reading_paused_ && watched_) {
    // Reported again and again, but what was sent before it must wait until the client reads.
    context_.poller.remove(stream_.fd());
    watched_ = false;
    return;
  }
  if (phase_ == Phase::kReady && (event.writable || event.hangup)) flush();
  if (phase_ == Phase::kReady && (event.readable || event.hangup)) receive();
}

bool ServerConnection::idle() const {
  return phase_ == Phase::kReady && line_.empty() && linked_client_ == kNoClient &&
         !cancel_pending_ && !retiring_;
}

bool ServerConnection::flows() const {
  if (phase_ != Phase::kReady || linked_client_ != kNoClient || cancel_pending_ || retiring_)
    return false;
  if (line_.empty() || next_ < line_.size()) return false;  // the last one is still being sent
  const Unit& last = line_.back();
  if (last.purpose != UnitPurpose::kTask || last.traffic != TaskTraffic::kIndependentRead)
    return false;
  const Unit& front = line_.front();
  if (front.cancel_wanted || front.abandoned) return false;
  return context_.now - front_since_ < pool_.config().pipeline_stall_us;
}

uint8_t ServerConnection::acceptable(uint32_t depth) const {
  if (idle()) return kAnyTraffic;
  if (line_.size() >= depth || !flows()) return 0;
  // Reads only: what stands in a line can be taken out of it again only if it may run twice.
  return traffic_bit(TaskTraffic::kIndependentRead);
}

void ServerConnection::check_timers() {
  const Change change(*this);
  const LaneConfig& config = pool_.config();
  if (phase_ == Phase::kLogin && login_deadline_ > 0) {
    if (context_.now >= login_deadline_) {
      login_failed("no answer within server_connect_timeout");
      return;
    }
    context_.wake_at(login_deadline_);
  }
  if (phase_ != Phase::kReady) return;
  check_line();
  repeat_cancel();
  if (config.server_lifetime_us > 0) {
    if (context_.now >= opened_at_ + config.server_lifetime_us) {
      if (!retiring_) trace("to be closed: server_lifetime");
      retire();
    } else {
      context_.wake_at(opened_at_ + config.server_lifetime_us);
    }
  }
  if (config.server_idle_timeout_us > 0 && idle()) {
    const int64_t deadline = idle_since_ + config.server_idle_timeout_us;
    if (context_.now < deadline) {
      context_.wake_at(deadline);
    } else if (pool_.above_minimum()) {
      trace("to be closed: server_idle_timeout");
      retire();
    }
  }
}

void ServerConnection::retire() {
  const Change change(*this);
  retiring_ = true;
}

void ServerConnection::die(std::string_view why) {
  if (phase_ == Phase::kDead) return;
  const Change change(*this);
  if (!why.empty()) log_info("{}: database connection closed: {}", pool_.config().name, why);
  phase_ = Phase::kDead;
  run_ = {};
  const uint32_t client = linked_client_;
  bool told = false;
  for (std::size_t i = 0; i < line_.size(); ++i) {
    const Unit& unit = line_[i];
    Loss loss{};
    loss.linked = client != kNoClient;
    loss.reached_socket = unit.started && sent_total_ > unit.stream_start;
    loss.server_fatal = i == 0 && !server_farewell_.empty();
    loss.behind = i > 0 && line_.front().purpose == UnitPurpose::kTask;
    fail_unit(unit, loss);
    told = told || unit.purpose == UnitPurpose::kTask;
  }
  unlink();
  if (client == kNoClient || told) return;
  FrameHeader header{};
  header.kind = FrameKind::kLinkLost;
  header.task = client;
  context_.frames.frame(header, server_farewell_);
}

}  // namespace pgring
