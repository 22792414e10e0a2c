// Chunks of output and the non-blocking writing of them.
#include "master/client_output.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace pgring {

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

WriteResult ClientOutput::flush(int fd, OutputStore& store) {
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
  while (first_) {
    OutputChunk* next = first_->next;
    store.give_back(first_);
    first_ = next;
  }
  last_ = nullptr;
  pending_ = 0;
}

}  // namespace pgring
