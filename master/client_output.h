// Bytes on their way to a client: written at once where the socket takes them, else kept in chunks
// lent from a common store. How much may wait here is bounded by the reply window of the task.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace pgring {

constexpr uint32_t kOutputChunk = 16 * 1024;

struct OutputChunk {
  OutputChunk* next = nullptr;
  uint32_t begin = 0;
  uint32_t end = 0;
  char bytes[kOutputChunk];
};

// Lends chunks and takes them back; keeps up to `spare` for the next borrower.
class OutputStore {
 public:
  explicit OutputStore(uint32_t spare) : spare_(spare) {}
  ~OutputStore();
  OutputStore(const OutputStore&) = delete;
  OutputStore& operator=(const OutputStore&) = delete;
  OutputChunk* lend();
  void give_back(OutputChunk* chunk);
  uint64_t lent_bytes() const { return uint64_t{lent_} * kOutputChunk; }

 private:
  OutputChunk* free_ = nullptr;
  uint32_t free_count_ = 0;
  uint32_t lent_ = 0;
  uint32_t spare_;
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
  // The socket is writable again.
  WriteResult flush(int fd, OutputStore& store);
  // Appends without trying the socket.
  void queue(OutputStore& store, std::string_view bytes);
  void clear(OutputStore& store);
  uint64_t pending() const { return pending_; }

 private:
  OutputChunk* first_ = nullptr;
  OutputChunk* last_ = nullptr;
  uint64_t pending_ = 0;
};

}  // namespace pgring
