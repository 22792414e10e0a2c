// The reading end of a worker's reply pipe: cuts what comes into frames.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "common/fd.h"
#include "common/frame.h"

namespace pgring {

enum class PipeState : uint8_t { kOpen, kEmpty, kEnded, kBroken };

class ReplyPipe {
 public:
  explicit ReplyPipe(Fd fd);

  using Handler = std::function<void(const FrameHeader&, std::string_view payload)>;
  // Reads once and hands out every whole frame. kEnded: the worker has closed it; a frame cut short
  // is dropped. kBroken: what came is no frame, which is a bug of the worker's.
  PipeState read(const Handler& handle);
  // After the worker's death: everything that is still in the pipe.
  void drain(const Handler& handle);

  int fd() const { return fd_.get(); }

 private:
  Fd fd_;
  std::vector<char> buffer_;
  std::size_t filled_ = 0;
};

}  // namespace pgring
