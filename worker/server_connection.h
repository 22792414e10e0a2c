// One database connection: its login, the line of units on it, what is sent and what comes back.
//
// Invariants
//  - Units are answered in the order of the line; the front one owns the bytes that arrive.
//  - More than one unit is in line only while all are independent reads of clients, or husks of
//    such (but for an internal one in front of the task that needs it).
//  - line_[0 .. next_) have been taken whole; line_[next_] is being sent or waits.
//  - A connection whose last unit did not end in ReadyForQuery `I` is linked or dead.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/log.h"
#include "worker/reply_cutter.h"
#include "worker/ring_buffer.h"
#include "worker/server_login.h"
#include "worker/server_session.h"
#include "worker/server_stream.h"
#include "worker/unit.h"
#include "worker/unit_outcome.h"
#include "worker/unit_sender.h"
#include "worker/worker_context.h"

namespace pgring {

class LanePool;

class ServerConnection {
 public:
  enum class Phase : uint8_t { kLogin, kReady, kDead };

  // `token`: for the poller.
  ServerConnection(WorkerContext& context, LanePool& pool, uint64_t token);
  ~ServerConnection();
  ServerConnection(const ServerConnection&) = delete;
  ServerConnection& operator=(const ServerConnection&) = delete;

  void start_login();
  void on_event(const PollEvent& event);
  // The master raised attention: requests, room in windows, more of a stream.
  void on_attention();
  // Sends what has been gathered.
  void flush();
  void check_timers();

  // Takes a claimed task; the caller has asked acceptable(), or the task's client is linked here.
  void add_task(uint32_t task);
  // The linked client is gone.
  void release_client();
  // The worker is about to leave: the server is told not to go on with what nobody waits for.
  void cancel_for_leaving();
  // Closes as soon as nothing runs on it; at once if `now`.
  void retire();
  void die(std::string_view why);
  // A cancel request of this connection has been answered (or given up: then it is not reused).
  void cancel_finished(bool answered);

  Phase phase() const { return phase_; }
  // Dead, or free and to be closed.
  bool finished() const {
    return phase_ == Phase::kDead ||
           (retiring_ && phase_ == Phase::kReady && line_.empty() && linked_client_ == kNoClient);
  }
  bool idle() const;
  // It has something to answer, or a client of its own.
  bool in_use() const {
    return phase_ == Phase::kReady && (!line_.empty() || linked_client_ != kNoClient);
  }
  // It answers independent reads one after the other, and another may stand behind them.
  bool flows() const;
  // Which kinds of task (bits of traffic_bit) may be added now, to a line of `depth` at most.
  uint8_t acceptable(uint32_t depth) const;
  std::size_t load() const { return line_.size(); }
  // How many tasks of its line wait for another one.
  uint32_t tasks_behind() const;
  uint32_t linked_client() const { return linked_client_; }
  bool retiring() const { return retiring_; }
  int64_t idle_since() const { return idle_since_; }
  int64_t opened_at() const { return opened_at_; }
  uint64_t applied_parameters() const { return session_.parameters.applied(); }
  LanePool& pool() { return pool_; }
  uint32_t backend_place() const { return backend_place_; }
  // For SHOW SERVERS.
  void publish_view();
  void trace(const char* what) const;
  uint64_t token() const { return token_; }

  std::size_t roster_place = 0;  // the pool's
  bool noted = false;  // ... and whether it has noted a change since it published its share

 private:
  // Made by whatever may change what the connection can be given: tells the pool in the end.
  class Change {
   public:
    explicit Change(ServerConnection& connection) : connection_(connection) {}
    Change(const Change&) = delete;
    Change& operator=(const Change&) = delete;
    ~Change();

   private:
    ServerConnection& connection_;
  };

  // Login (server_connection.cc).
  void continue_login(ServerLogin::Progress progress);
  void login_failed(std::string_view why);
  // Nobody can use the connection: the lane backs off, and the master may tell those who wait.
  void refuse(std::string_view sqlstate, std::string_view message);
  void login_done();
  void send_hello();

  // Sending (connection_sending.cc).
  void feed();
  void answer_hello();
  bool may_start(Unit& unit);
  bool needs_check() const;
  void start(Unit& unit);
  bool take(Unit& unit);
  bool finish_message(Unit& unit);
  void add_internal(UnitPurpose purpose, std::string_view sql);
  void establish_parameters(const ParameterSet& set);
  void tell_consumed(Unit& unit);
  void want_flush();

  // For the log (connection_trace.cc).
  void trace_unit(LogLevel level, const Unit& unit, const char* what) const;
  const char* why_closed() const;

  // What the master asks (connection_cancel.cc).
  void look_at_requests(Unit& unit);
  void cancel_front();
  void repeat_cancel();

  // Units behind the front (connection_line.cc).
  void check_line();
  void give_back_line();
  bool has_tasks_behind() const;
  void give_back(const Unit& unit);
  void leave_husk(Unit& unit);
  bool withdraw_cancelled();
  bool end_unfinished();
  void remove(std::size_t index);

  // Replies (connection_replies.cc).
  void receive();
  void on_bytes(std::string_view bytes);
  bool on_piece(const ReplyPiece& piece);
  bool on_message(Unit& unit, const ReplyPiece& piece);
  bool on_scripted(Unit& unit, const ReplyPiece& piece);
  void on_error(Unit& unit, const ReplyPiece& piece);
  bool on_idle_message(const ReplyPiece& piece);
  void on_parameter(const ReplyPiece& piece);
  void on_command_complete(std::string_view body);
  void on_copy_begin(Unit& unit);
  bool on_copy_end(Unit& unit);
  void skip_to_sync(Unit& unit);
  bool on_probe(Unit& unit, const ReplyPiece& piece);
  ReplyPiece as_of_client(const Unit& unit, const ReplyPiece& piece);
  bool on_ready(Unit& unit, char status);
  void show(const ReplyPiece& piece, uint8_t flags = 0);
  void flush_run();
  void drop_run();
  void settle_made_up(bool answered);
  void drop_steps(Unit& unit);
  void restore_prepared(const Unit& unit);
  void make_up(Unit& unit, const char* message);
  void tell_answered(const Unit& unit, uint8_t number);
  void update_interest();
  bool window_full(Unit& unit);

  // Ends (connection_ends.cc).
  void conclude(Unit& unit, char status);
  void conclude_task(Unit& unit, char status);
  void note_unnamed(const Unit& unit);
  void conclude_internal(Unit& unit, char status);
  void became_free();
  void fail_unit(const Unit& unit, const Loss& loss);
  void fail_task(const Unit& unit, uint8_t flags, std::string_view error);
  void retry_task(const Unit& unit, uint8_t flags = 0);
  void remove_front();
  void unlink();
  std::size_t queued() const { return out_.size() - out_sent_; }

  WorkerContext& context_;
  LanePool& pool_;
  const uint64_t token_;
  Phase phase_ = Phase::kLogin;
  std::unique_ptr<ServerLogin> login_;
  ServerStream stream_;
  ServerSession session_;
  UnitSender sender_;
  uint32_t backend_place_ = BackendRegistry::kNone;

  RingBuffer<Unit> line_{16};
  std::size_t next_ = 0;
  std::vector<char> out_;
  std::size_t out_sent_ = 0;  // bytes of out_ that the kernel has
  uint64_t sent_total_ = 0;   // ... and of all before
  bool in_flush_list_ = false;

  ReplyCutter cutter_;
  std::string_view run_;  // bytes to forward for the front unit, contiguous in the read buffer
  uint8_t run_flags_ = 0;
  bool run_cut_ = false;          // it ends inside a message
  bool showing_ = false;          // the message being passed through in pieces is forwarded
  bool step_done_after_ = false;  // ... and completes the script's front step
  std::string probe_error_;       // an error that speaks of the probe, as it should be
  std::string server_farewell_;   // a FATAL ErrorResponse

  uint32_t linked_client_ = kNoClient;
  char status_ = 'I';
  bool needs_reset_ = false;
  bool retiring_ = false;
  bool reading_paused_ = false;  // a window is full
  bool cancel_pending_ = false;
  Interest interest_ = Interest::kRead;
  bool watched_ = true;  // by the poller
  int64_t opened_at_ = 0;
  int64_t idle_since_ = 0;
  int64_t front_since_ = 0;  // when the unit at the front got there
  int64_t login_deadline_ = 0;
};

}  // namespace pgring
