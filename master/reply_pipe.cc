// Frames from a pipe.
#include "master/reply_pipe.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace pgring {
namespace {
constexpr std::size_t kBuffer = 2 * (kMaxFramePayload + sizeof(FrameHeader));
}

ReplyPipe::ReplyPipe(Fd fd) : fd_(std::move(fd)), buffer_(kBuffer) {}

PipeState ReplyPipe::read(const Handler& handle) {
  const ssize_t count = ::read(fd_.get(), buffer_.data() + filled_, buffer_.size() - filled_);
  if (count == 0) return PipeState::kEnded;
  if (count < 0) return errno == EAGAIN || errno == EINTR ? PipeState::kEmpty : PipeState::kBroken;
  filled_ += static_cast<std::size_t>(count);
  std::size_t at = 0;
  for (;;) {
    FrameHeader header;
    const FrameDecode found = decode_frame({buffer_.data() + at, filled_ - at}, header);
    if (found == FrameDecode::kMalformed) return PipeState::kBroken;
    if (found == FrameDecode::kIncomplete) break;
    handle(header, {buffer_.data() + at + sizeof header, header.length});
    at += sizeof header + header.length;
  }
  std::memmove(buffer_.data(), buffer_.data() + at, filled_ - at);
  filled_ -= at;
  return PipeState::kOpen;
}

void ReplyPipe::drain(const Handler& handle) {
  while (read(handle) == PipeState::kOpen) {
  }
}

}  // namespace pgring
