// The reading end of a worker's reply pipe: cuts what comes into frames. The payload of long
// results goes from the pipe towards the client inside the kernel, where the system and the client
// allow it.
#pragma once

#include <sys/types.h>

#include <string_view>
#include <vector>

#include "common/fd.h"
#include "common/frame.h"

namespace pgring {

enum class PipeState : uint8_t { kOpen, kEmpty, kEnded, kBroken };

// Who takes the frames. A long kReply without flags may come as several of smaller length.
class FrameSink {
 public:
  virtual ~FrameSink() = default;
  virtual void on_frame(const FrameHeader& header, std::string_view payload) = 0;
  // It will come to on_frame() soon; for prefetching(), in so many steps.
  static constexpr std::size_t kPrefetchSteps = 3;
  virtual void prefetch(const FrameHeader&, std::size_t) {}
  // Takes the payload, or the beginning of it, out of the pipe. Returns the bytes taken; 0: the
  // pipe has ended; -1: it is empty, or the payload must come to on_frame().
  virtual ssize_t move(const FrameHeader&, int pipe) {
    (void)pipe;
    return -1;
  }
};

class ReplyPipe {
 public:
  explicit ReplyPipe(Fd fd);

  // Reads once and hands out every whole frame, or passes on a part of long ones. kEnded: the
  // worker has closed it; of a frame cut short what was handed out counts, the rest is dropped.
  // kBroken: what came is no frame, which is a bug of the worker's.
  PipeState read(FrameSink& sink);
  // After the worker's death: everything that is still in the pipe.
  void drain(FrameSink& sink);

  int fd() const { return fd_.get(); }

 private:
  struct Frame {
    std::size_t at;  // of its header in the buffer
    FrameHeader header;
  };

  PipeState read_frames(FrameSink& sink);
  bool find_frames();
  PipeState read_header();
  PipeState pass_long(FrameSink& sink);
  bool is_long(const FrameHeader& header) const;
  bool begin_long(const FrameHeader& header);
  void expect_more(const FrameHeader& header);

  Fd fd_;
  std::vector<char> buffer_;
  std::size_t filled_ = 0;
  std::vector<Frame> frames_;  // whole ones in the buffer; grows to the most there ever were
  FrameHeader long_{};         // the last long frame, whose payload is being passed on
  std::size_t long_left_ = 0;  // how much of it is still in the pipe
  bool expects_long_ = false;  // more of it may come, so the next header is read alone
};

}  // namespace pgring
