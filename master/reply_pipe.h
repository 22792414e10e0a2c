// The reading end of a worker's reply pipe: cuts what comes into frames. The payload of long ones
// goes from the pipe to the client's socket inside the kernel, where the system and the client
// allow it.
#pragma once

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
  // The socket to which this frame's payload may be moved; -1: it must come to on_frame().
  virtual int socket_for(const FrameHeader&) { return -1; }
  // So many bytes of it were.
  virtual void on_moved(const FrameHeader&, std::size_t) {}
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
  bool begin_long(const FrameHeader& header);

  Fd fd_;
  std::vector<char> buffer_;
  std::size_t filled_ = 0;
  std::vector<Frame> frames_;  // whole ones in the buffer; grows to the most there ever were
  FrameHeader long_{};         // the long frame whose payload is being passed on
  std::size_t long_left_ = 0;  // how much of it is still in the pipe
  bool expects_long_ = false;  // a long frame was the last, so the next header is read alone
};

}  // namespace pgring
