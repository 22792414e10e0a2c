// The master's half of the contracts in common/, as simple as it can be.
#include "tests/process/fake_master.h"

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <stdexcept>

#include "common/platform.h"
#include "tests/process/test_server.h"
#include "worker/worker.h"
#include "worker/worker_context.h"

namespace pgring::test {
namespace {

constexpr uint32_t kTasks = 1024;
constexpr uint32_t kBlocks = 1024;
constexpr uint8_t kWorker = 1;
// A block is filled again once it is consumed, and the worker may be in the middle of one.
constexpr uint64_t kWindow = kPayloadWindow - kBlockSize;

void for_each_message(std::string_view bytes,
                      const std::function<void(char, std::string_view)>& fn) {
  while (bytes.size() >= 5) {
    const uint64_t size = uint64_t{wire::load32(bytes.data() + 1)} + 1;
    if (bytes.size() < size) throw std::runtime_error("an incomplete message in a reply");
    fn(bytes[0], bytes.substr(5, size - 5));
    bytes.remove_prefix(size);
  }
  if (!bytes.empty()) throw std::runtime_error("rubbish at the end of a reply");
}

}  // namespace

std::string Answer::types() const {
  std::string types;
  for_each_message(bytes, [&](char type, std::string_view) { types += type; });
  return types;
}

std::string Answer::rows() const {
  std::string rows;
  for_each_message(bytes, [&](char type, std::string_view body) {
    if (type != 'D') return;
    const uint32_t length = wire::load32(body.data() + 2);
    if (!rows.empty()) rows += '|';
    if (length != 0xffffffff) rows += body.substr(6, length);
  });
  return rows;
}

std::string Answer::sqlstate() const {
  std::string state;
  for_each_message(bytes, [&](char type, std::string_view body) {
    if (type == 'E' && state.empty()) state = wire::error_field(body, 'C');
  });
  return state;
}

FakeMaster::FakeMaster() : region_(SharedState::bytes_needed(kTasks, kBlocks)) {
  ::signal(SIGPIPE, SIG_IGN);
  state = SharedState::create(region_.data(), kTasks, kBlocks, 2);
  for (uint32_t i = kTasks; i-- > 0;) free_tasks_.push_back(i);
  for (uint32_t i = kBlocks; i-- > 0;) free_blocks_.push_back(i);
  configure(config());
  doorbell_.emplace(Doorbell::create());
}

FakeMaster::~FakeMaster() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
}

LaneConfig FakeMaster::config(uint32_t lane) const {
  LaneConfig config{};
  std::snprintf(config.name, sizeof config.name, "test/lane%u", lane);
  std::snprintf(config.conninfo, sizeof config.conninfo, "%s", test_conninfo().c_str());
  config.database = 0;
  config.pool_size = 1;
  config.pipeline_depth = 1;
  config.pipeline_stall_us = 5'000'000;
  config.server_connect_timeout_us = 5'000'000;
  config.server_login_retry_us = 1'000'000;
  config.server_lifetime_us = 3'600'000'000;
  config.max_prepared_statements = 100;
  std::strcpy(config.reset_query, "DISCARD ALL");
  return config;
}

void FakeMaster::configure(const LaneConfig& config, uint32_t lane) {
  write_lane_config(state.lanes[lane], config);
  if (state.header->lane_count.load() <= lane) state.header->lane_count.store(lane + 1);
  if (pid_ > 0) {
    state.workers[kWorker].attention.store(1);
    wake();
  }
}

void FakeMaster::start_worker() {
  Pipe replies = make_pipe(PipeMode::kNonBlocking);
  Pipe alive = make_pipe(PipeMode::kNonBlocking);
  pid_ = ::fork();
  if (pid_ == 0) {
    replies.read.reset();
    alive.write.reset();
    ::_exit(run_worker(
        {state, kWorker, std::move(replies.write), std::move(*doorbell_), std::move(alive.read)}));
  }
  replies_ = std::move(replies.read);
  alive_ = std::move(alive.write);
}

void FakeMaster::kill_worker(int signal) { ::kill(pid_, signal); }

int FakeMaster::wait_worker() {
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = 0;
  poll_frames(0);
  return status;
}

void FakeMaster::wake() {
  if (state.workers[kWorker].sleeping.load(std::memory_order_seq_cst) != 0) doorbell_->ring();
}

uint32_t FakeMaster::allocate() {
  if (free_tasks_.empty()) throw std::runtime_error("out of tasks");
  const uint32_t task = free_tasks_.back();
  free_tasks_.pop_back();
  return task;
}

void FakeMaster::write_payload(Task& task, uint64_t position, std::string_view bytes) {
  while (!bytes.empty()) {
    std::size_t room;
    char* to;
    if (position < kInlinePayload) {
      room = kInlinePayload - position;
      to = task.payload + position;
    } else {
      const uint64_t offset = position - kInlinePayload;
      const auto slot = offset / kBlockSize % kBlocksPerTask;
      if (task.blocks[slot] == kNoBlock) {
        if (free_blocks_.empty()) throw std::runtime_error("out of blocks");
        task.blocks[slot] = free_blocks_.back();
        free_blocks_.pop_back();
      }
      room = kBlockSize - offset % kBlockSize;
      to = state.block(task.blocks[slot]) + offset % kBlockSize;
    }
    const std::size_t part = std::min(room, bytes.size());
    std::memcpy(to, bytes.data(), part);
    bytes.remove_prefix(part);
    position += part;
  }
}

uint32_t FakeMaster::submit(std::string_view payload, const TaskOptions& options) {
  const uint32_t number = allocate();
  Task& task = state.tasks[number];
  task.client = options.client;
  task.parameter_set = options.parameter_set;
  task.parameter_serial = options.parameter_serial;
  task.ready_at = monotonic_us();
  task.lane = static_cast<uint16_t>(options.lane);
  task.kind = options.kind;
  task.traffic = options.traffic;
  task.session = options.session;
  task.plain = options.plain;
  task.attempts = 0;
  task.requests.store(0);
  task.consumed.store(0);
  task.master_waits.store(0);
  task.delivered.store(0);
  task.worker_waits.store(0);
  std::ranges::fill(task.blocks, kNoBlock);
  const std::string_view first = payload.substr(0, kWindow);
  write_payload(task, 0, first);
  const bool whole = first.size() == payload.size() && options.closed;
  task.published.store(first.size() | (whole ? kStreamClosed : 0));
  Pending& pending = pending_[number] = {};
  TaskRing& ring =
      options.mailbox ? state.workers[kWorker].mailbox : state.lanes[options.lane].ring;
  if (publish(ring, state.tasks, number) != PublishResult::kPublished) {
    throw std::runtime_error("the lane is full");
  }
  if (!options.mailbox) announce(*state.header, options.lane);
  pending.turn = TaskWord::unpack(task.word.load()).turn;
  if (options.rung) wake();
  if (first.size() < payload.size()) append(number, payload.substr(first.size()), options.closed);
  return number;
}

void FakeMaster::append(uint32_t number, std::string_view bytes, bool close) {
  Task& task = state.tasks[number];
  uint64_t end = task.published.load() & ~kStreamClosed;
  while (!bytes.empty() && !pending_[number].done) {
    const auto room = [&] { return kWindow - (end - task.consumed.load()); };
    if (room() == 0) {
      task.master_waits.store(1, std::memory_order_seq_cst);
      read_until([&] { return room() > 0 || pending_[number].done; });
      continue;
    }
    const std::string_view part = bytes.substr(0, room());
    write_payload(task, end, part);
    bytes.remove_prefix(part.size());
    end += part.size();
    task.published.store(end | (bytes.empty() && close ? kStreamClosed : 0));
    state.workers[kWorker].attention.store(1, std::memory_order_seq_cst);
    wake();
  }
}

void FakeMaster::request(uint32_t task, uint32_t bits) {
  state.tasks[task].requests.fetch_or(bits);
  state.workers[kWorker].attention.store(1, std::memory_order_seq_cst);
  wake();
}

bool FakeMaster::poll_frames(int milliseconds) {
  pollfd wait{replies_.get(), POLLIN, 0};
  if (::poll(&wait, 1, milliseconds) <= 0) return false;
  char buffer[65536];
  const ssize_t got = ::read(replies_.get(), buffer, sizeof buffer);
  if (got <= 0) return false;
  input_.append(buffer, static_cast<std::size_t>(got));
  std::size_t used = 0;
  FrameHeader header;
  while (true) {
    const std::string_view rest = std::string_view(input_).substr(used);
    const FrameDecode decoded = decode_frame({rest.data(), rest.size()}, header);
    if (decoded == FrameDecode::kMalformed) throw std::runtime_error("a malformed frame");
    if (decoded == FrameDecode::kIncomplete) break;
    on_frame({header, std::string(rest.substr(sizeof header, header.length))});
    used += sizeof header + header.length;
  }
  input_.erase(0, used);
  return true;
}

void FakeMaster::on_frame(const Frame& frame) {
  switch (frame.header.kind) {
    case FrameKind::kHello:
    case FrameKind::kAsync:
    case FrameKind::kLinkLost:
    case FrameKind::kLoginFailed:
      others.push_back(frame);
      return;
    case FrameKind::kConsumed:
    case FrameKind::kAnswered:
      return;
    case FrameKind::kReply:
    case FrameKind::kEnd:
    case FrameKind::kFailed:
    case FrameKind::kRetry:
      break;
  }
  Pending& pending = pending_.at(frame.header.task);
  if (frame.header.turn != pending.turn || pending.done) {
    throw std::runtime_error("a frame of another turn");
  }
  Task& task = state.tasks[frame.header.task];
  pending.answer.bytes += frame.payload;
  pending.answer.flags |= frame.header.flags;
  pending.bytes += frame.payload.size();
  if ((frame.header.flags & kFrameCopyIn) != 0) {
    pending.copy_in = true;
    task.published.fetch_and(~kStreamClosed);
  }
  if (delivering) deliver_all();
  if (frame.header.kind == FrameKind::kReply) return;
  pending.answer.last = frame.header;
  pending.done = true;
  finish(task);
  for (const uint32_t block : task.blocks) {
    if (block != kNoBlock) free_blocks_.push_back(block);
  }
  free_tasks_.push_back(frame.header.task);
}

void FakeMaster::deliver_all() {
  for (auto& [number, pending] : pending_) {
    if (pending.done) continue;
    Task& task = state.tasks[number];
    task.delivered.store(pending.bytes, std::memory_order_seq_cst);
    if (task.worker_waits.exchange(0, std::memory_order_seq_cst) != 0) {
      state.workers[kWorker].attention.store(1, std::memory_order_seq_cst);
      wake();
    }
  }
}

void FakeMaster::read_until(const std::function<bool()>& done) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!done()) {
    if (std::chrono::steady_clock::now() > deadline) throw std::runtime_error("waited in vain");
    poll_frames(20);
  }
}

Answer FakeMaster::wait(uint32_t task) {
  read_until([&] { return pending_.at(task).done; });
  return pending_.at(task).answer;
}

Answer FakeMaster::query(std::string_view sql, const TaskOptions& options) {
  return run(simple_query(sql), options);
}

uint64_t FakeMaster::received(uint32_t task) const { return pending_.at(task).bytes; }
bool FakeMaster::copy_in_seen(uint32_t task) const { return pending_.at(task).copy_in; }

const Frame* FakeMaster::other(FrameKind kind) const {
  const auto at =
      std::ranges::find_if(others, [&](const Frame& f) { return f.header.kind == kind; });
  return at == others.end() ? nullptr : &*at;
}

}  // namespace pgring::test
