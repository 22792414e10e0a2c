// Bytes on their way to a client: written at once where the socket takes them, else kept in chunks
// lent from a common store, or, where they come from a pipe, in another pipe. How much may wait
// here is bounded by the reply window of the task.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "common/platform.h"

namespace pgring {

constexpr uint32_t kOutputChunk = 16 * 1024;

struct OutputChunk {
  OutputChunk* next = nullptr;
  uint32_t begin = 0;
  uint32_t end = 0;
  char bytes[kOutputChunk];
};

// Holds what a socket did not take of bytes that never leave the kernel.
struct OverflowPipe {
  Pipe pipe;
  std::size_t filled = 0;
};

// Lends chunks and pipes and takes them back; keeps up to `spare` chunks, and all pipes, for the
// next borrower.
class OutputStore {
 public:
  // For all clients together: each is two descriptors.
  static constexpr uint32_t kMostPipes = 16;

  explicit OutputStore(uint32_t spare) : spare_(spare) {}
  ~OutputStore();
  OutputStore(const OutputStore&) = delete;
  OutputStore& operator=(const OutputStore&) = delete;
  OutputChunk* lend();
  void give_back(OutputChunk* chunk);
  // Null where there are too many already, or no descriptors.
  std::unique_ptr<OverflowPipe> lend_pipe();
  void give_back(std::unique_ptr<OverflowPipe> pipe);
  // In a forked child, once all have been given back: the pipes are the master's.
  void abandon() { free_pipes_.clear(); }
  uint64_t lent_bytes() const { return uint64_t{lent_} * kOutputChunk; }

 private:
  OutputChunk* free_ = nullptr;
  uint32_t free_count_ = 0;
  uint32_t lent_ = 0;
  uint32_t spare_;
  std::vector<std::unique_ptr<OverflowPipe>> free_pipes_;
  uint32_t lent_pipes_ = 0;
};

enum class WriteResult : uint8_t {
  kDone,     // nothing is left
  kPending,  // some bytes wait for the socket
  kBroken,   // the client cannot be written to any more
};

class ClientOutput {
 public:
  ClientOutput() = default;
  ClientOutput(const ClientOutput&) = delete;
  ClientOutput& operator=(const ClientOutput&) = delete;

  WriteResult write(int fd, OutputStore& store, std::string_view bytes);
  // Takes up to so many bytes out of the pipe `from`, to the socket or to a pipe lent from the
  // store. How many; 0: `from` has ended; -1: it is empty, or they must be read and written.
  ssize_t move(int fd, OutputStore& store, int from, std::size_t bytes);
  // The socket is writable again.
  WriteResult flush(int fd, OutputStore& store);
  // Appends without trying the socket.
  void queue(OutputStore& store, std::string_view bytes);
  void clear(OutputStore& store);
  uint64_t pending() const { return pending_; }

 private:
  WriteResult flush_overflow(int fd, OutputStore& store);

  std::unique_ptr<OverflowPipe> overflow_;  // goes before the chunks
  OutputChunk* first_ = nullptr;
  OutputChunk* last_ = nullptr;
  uint64_t pending_ = 0;
};

}  // namespace pgring
