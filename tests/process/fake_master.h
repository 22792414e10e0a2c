// Plays the master for one worker: shared memory, a reply pipe, tasks published and frames read.
#pragma once

#include <signal.h>
#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/doorbell.h"
#include "common/frame.h"
#include "common/shared_region.h"
#include "common/shared_state.h"
#include "common/wire.h"
#include "tests/process/messages.h"

namespace pgring::test {

struct Frame {
  FrameHeader header;
  std::string payload;
};

// What a task was answered with.
struct Answer {
  FrameHeader last{};  // kEnd, kFailed or kRetry
  uint8_t flags = 0;   // of all its frames
  std::string bytes;   // of all kReply frames and the last one
  bool ended() const { return last.kind == FrameKind::kEnd; }
  bool failed() const { return last.kind == FrameKind::kFailed; }
  bool retried() const { return last.kind == FrameKind::kRetry; }
  bool linked() const { return (last.flags & kFrameLinked) != 0; }
  // Types of the messages in order, such as "TDCZ".
  std::string types() const;
  // The first column of each DataRow, joined by '|'.
  std::string rows() const;
  // SQLSTATE of the first ErrorResponse.
  std::string sqlstate() const;
};

struct TaskOptions {
  uint32_t client = 1;
  TaskTraffic traffic = TaskTraffic::kExclusive;
  TaskKind kind = TaskKind::kUnit;
  bool plain = true;
  bool session = false;
  bool closed = true;
  bool mailbox = false;
  bool rung = true;  // the worker is woken for it
  uint32_t lane = 0;
  uint32_t parameter_set = 0;
  uint64_t parameter_serial = 0;
};

class FakeMaster {
 public:
  FakeMaster();
  ~FakeMaster();
  FakeMaster(const FakeMaster&) = delete;
  FakeMaster& operator=(const FakeMaster&) = delete;

  // The configuration of a lane on the test's server; change it and call configure().
  LaneConfig config(uint32_t lane = 0) const;
  void configure(const LaneConfig& config, uint32_t lane = 0);
  void start_worker();
  void kill_worker(int signal);
  int wait_worker();  // its exit status, as of waitpid
  bool worker_runs() const { return pid_ > 0; }

  uint32_t submit(std::string_view payload, const TaskOptions& options = {});
  // More of an open stream. Blocks (reading frames) while the window is full.
  void append(uint32_t task, std::string_view bytes, bool close);
  void request(uint32_t task, uint32_t bits);
  Answer wait(uint32_t task);
  Answer run(std::string_view payload, const TaskOptions& options = {}) {
    return wait(submit(payload, options));
  }
  Answer query(std::string_view sql, const TaskOptions& options = {});
  // Reads frames until `done`; fails the test after ten seconds.
  void read_until(const std::function<bool()>& done);
  bool poll_frames(int milliseconds);
  // While false the reply bytes of tasks are not counted as delivered.
  bool delivering = true;
  void deliver_all();
  uint64_t received(uint32_t task) const;
  bool copy_in_seen(uint32_t task) const;

  std::vector<Frame> others;  // kHello, kAsync, kLinkLost, kLoginFailed
  const Frame* other(FrameKind kind) const;
  SharedState state{};

 private:
  struct Pending {
    uint32_t turn = 0;
    Answer answer;
    bool done = false;
    bool copy_in = false;
    uint64_t bytes = 0;
    std::vector<uint32_t> blocks;
  };
  void on_frame(const Frame& frame);
  void wake();
  void write_payload(Task& task, uint64_t position, std::string_view bytes);
  uint32_t allocate();

  SharedRegion region_;
  std::optional<Doorbell> doorbell_;
  Fd replies_;
  Fd alive_;
  pid_t pid_ = 0;
  std::string input_;
  std::map<uint32_t, Pending> pending_;
  std::vector<uint32_t> free_tasks_;
  std::vector<uint32_t> free_blocks_;
};

}  // namespace pgring::test
