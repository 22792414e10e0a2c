// Gathers the frames of one loop in a buffer and writes them to the reply pipe with as few calls as
// possible. Runs of reply bytes of one task become one frame, and its end is joined to the last.
// Long runs are written at once, from where they lie.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "common/fd.h"
#include "common/frame.h"

namespace pgring {

class FrameWriter {
 public:
  explicit FrameWriter(Fd pipe);

  // Bytes of a task's reply, of any length. A frame with a flag begins with these bytes. `cut`:
  // they end inside a message.
  void reply(uint32_t task, uint32_t turn, std::string_view bytes, uint8_t flags = 0,
             bool cut = false);
  // The task's last frame: `end` without length and kind.
  void end(FrameHeader end);
  // A frame of any other kind; a payload beyond kMaxFramePayload is left out.
  void frame(FrameHeader header, std::string_view payload = {});

  // Writes what the pipe takes. False: the reader is gone.
  bool flush();
  // The pipe was full: nothing more should be gathered until flush() has emptied the buffer.
  bool blocked() const { return blocked_; }
  std::size_t pending() const { return buffer_.size() - written_; }
  int fd() const { return pipe_.get(); }

 private:
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

  void append(FrameHeader header, std::string_view payload);
  void write_through(FrameHeader header, std::string_view payload);
  bool extend(uint32_t task, uint32_t turn, std::string_view bytes, bool cut);
  FrameHeader load(std::size_t at) const;
  void store(std::size_t at, const FrameHeader& header);

  Fd pipe_;
  std::vector<char> buffer_;
  std::size_t written_ = 0;   // bytes of buffer_ that are in the pipe
  std::size_t open_ = kNone;  // where the last frame begins if it is a kReply that may grow
  bool blocked_ = false;
};

}  // namespace pgring
