// Chunks of output and the non-blocking writing of them.
#include "master/client_output.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include "common/task.h"

namespace pgring {
namespace {

// A reply's window and what may be on the way when it closes. Half a page may be wasted.
constexpr std::size_t kOverflowSize = 2 * kReplyWindow;

}  // namespace

OutputStore::~OutputStore() {
  while (free_) delete std::exchange(free_, free_->next);
}

OutputChunk* OutputStore::lend() {
  ++lent_;
  if (!free_) return new OutputChunk;
  OutputChunk* chunk = free_;
  free_ = chunk->next;
  --free_count_;
  chunk->next = nullptr;
  chunk->begin = chunk->end = 0;
  return chunk;
}

void OutputStore::give_back(OutputChunk* chunk) {
  --lent_;
  if (free_count_ >= spare_) {
    delete chunk;
    return;
  }
  chunk->next = free_;
  free_ = chunk;
  ++free_count_;
}

std::unique_ptr<OverflowPipe> OutputStore::lend_pipe() {
  if (lent_pipes_ == kMostPipes) return nullptr;
  std::unique_ptr<OverflowPipe> lent;
  if (free_pipes_.empty()) {
    try {
      lent = std::make_unique<OverflowPipe>(OverflowPipe{make_pipe(PipeMode::kNonBlocking)});
    } catch (const std::system_error&) {
      return nullptr;
    }
    set_pipe_size(lent->pipe.write.get(), kOverflowSize);
  } else {
    lent = std::move(free_pipes_.back());
    free_pipes_.pop_back();
  }
  ++lent_pipes_;
  return lent;
}

// One that is not empty cannot be lent again.
void OutputStore::give_back(std::unique_ptr<OverflowPipe> pipe) {
  --lent_pipes_;
  if (pipe->filled == 0) free_pipes_.push_back(std::move(pipe));
}

WriteResult ClientOutput::write(int fd, OutputStore& store, std::string_view bytes) {
  if (pending_ == 0) {
    const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), 0);
    if (sent < 0) {
      if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) return WriteResult::kBroken;
    } else {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    if (bytes.empty()) return WriteResult::kDone;
  }
  queue(store, bytes);
  return WriteResult::kPending;
}

ssize_t ClientOutput::move(int fd, OutputStore& store, int from, std::size_t bytes) {
  if (first_) return -1;
  ssize_t sent = -1;
  if (!overflow_) {
    sent = splice_some(from, fd, bytes, false);
    if (sent == static_cast<ssize_t>(bytes) || sent == 0) return sent;
    if (sent < 0 && errno != EAGAIN && errno != EINTR) return -1;
    overflow_ = store.lend_pipe();
    if (!overflow_) return sent;
  }
  const std::size_t rest = bytes - static_cast<std::size_t>(std::max<ssize_t>(sent, 0));
  const ssize_t kept = splice_some(from, overflow_->pipe.write.get(), rest, false);
  if (kept > 0) {
    overflow_->filled += static_cast<std::size_t>(kept);
    pending_ += static_cast<uint64_t>(kept);
  }
  if (overflow_->filled == 0) store.give_back(std::move(overflow_));
  if (sent < 0) return kept;
  return sent + std::max<ssize_t>(kept, 0);
}

void ClientOutput::queue(OutputStore& store, std::string_view bytes) {
  while (!bytes.empty()) {
    if (!last_ || last_->end == kOutputChunk) {
      OutputChunk* chunk = store.lend();
      (last_ ? last_->next : first_) = chunk;
      last_ = chunk;
    }
    const std::size_t count = std::min<std::size_t>(kOutputChunk - last_->end, bytes.size());
    std::memcpy(last_->bytes + last_->end, bytes.data(), count);
    last_->end += static_cast<uint32_t>(count);
    pending_ += count;
    bytes.remove_prefix(count);
  }
}

WriteResult ClientOutput::flush_overflow(int fd, OutputStore& store) {
  const ssize_t sent = splice_some(overflow_->pipe.read.get(), fd, overflow_->filled, first_);
  if (sent < 0) {
    const bool later = errno == EAGAIN || errno == EINTR;
    return later ? WriteResult::kPending : WriteResult::kBroken;
  }
  overflow_->filled -= static_cast<std::size_t>(sent);
  pending_ -= static_cast<uint64_t>(sent);
  if (overflow_->filled > 0) return WriteResult::kPending;
  store.give_back(std::move(overflow_));
  return WriteResult::kDone;
}

WriteResult ClientOutput::flush(int fd, OutputStore& store) {
  if (overflow_) {
    if (const auto result = flush_overflow(fd, store); result != WriteResult::kDone) return result;
  }
  while (first_) {
    iovec parts[16];
    int count = 0;
    for (OutputChunk* chunk = first_; chunk && count < 16; chunk = chunk->next) {
      parts[count++] = {chunk->bytes + chunk->begin, chunk->end - chunk->begin};
    }
    const ssize_t sent = ::writev(fd, parts, count);
    if (sent < 0) {
      const bool later = errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
      return later ? WriteResult::kPending : WriteResult::kBroken;
    }
    pending_ -= static_cast<uint64_t>(sent);
    for (auto left = static_cast<std::size_t>(sent); left > 0;) {
      const std::size_t here = std::min<std::size_t>(left, first_->end - first_->begin);
      first_->begin += static_cast<uint32_t>(here);
      left -= here;
      if (first_->begin < first_->end) break;
      OutputChunk* done = first_;
      first_ = first_->next;
      if (!first_) last_ = nullptr;
      store.give_back(done);
    }
  }
  return WriteResult::kDone;
}

void ClientOutput::clear(OutputStore& store) {
  if (overflow_) store.give_back(std::move(overflow_));
  while (first_) {
    OutputChunk* next = first_->next;
    store.give_back(first_);
    first_ = next;
  }
  last_ = nullptr;
  pending_ = 0;
}

}  // namespace pgring
