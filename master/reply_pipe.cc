// Frames from a pipe.
#include "master/reply_pipe.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "common/platform.h"
#include "common/prefetch.h"

namespace pgring {
namespace {

constexpr std::size_t kBuffer = 2 * (kMaxFramePayload + sizeof(FrameHeader));
// From this length on a payload is moved; shorter ones only as part of the same result, since each
// has its header read alone.
constexpr std::size_t kLongPayload = 32 * 1024;
constexpr std::size_t kLongRest = 4 * 1024;
// Of long frames so much is passed on before others have their turn.
constexpr std::size_t kLongTurn = 2 * kMaxFramePayload;

PipeState state_of(ssize_t count) {
  if (count > 0) return PipeState::kOpen;
  if (count == 0) return PipeState::kEnded;
  return errno == EAGAIN || errno == EINTR ? PipeState::kEmpty : PipeState::kBroken;
}

}  // namespace

ReplyPipe::ReplyPipe(Fd fd) : fd_(std::move(fd)), buffer_(kBuffer) {}

PipeState ReplyPipe::read(FrameSink& sink) {
  PipeState state = PipeState::kOpen;
  for (std::size_t passed = 0; state == PipeState::kOpen && passed < kLongTurn;) {
    if (long_left_ == 0 && expects_long_) state = read_header();
    if (long_left_ == 0) return state == PipeState::kOpen ? read_frames(sink) : state;
    const std::size_t before = long_left_;
    state = pass_long(sink);
    passed += before - long_left_;
  }
  return state;
}

PipeState ReplyPipe::read_frames(FrameSink& sink) {
  const ssize_t count = ::read(fd_.get(), buffer_.data() + filled_, buffer_.size() - filled_);
  const PipeState state = state_of(count);
  if (count > 0) filled_ += static_cast<std::size_t>(count);
  const bool well_formed = find_frames();
  prefetching(
      frames_.size(), FrameSink::kPrefetchSteps,
      [&](std::size_t i, std::size_t step) { sink.prefetch(frames_[i].header, step); },
      [&](std::size_t i) {
        const auto& [at, header] = frames_[i];
        sink.on_frame(header, {buffer_.data() + at + sizeof header, header.length});
      });
  if (!well_formed) return PipeState::kBroken;
  const std::size_t done =
      frames_.empty() ? 0 : frames_.back().at + sizeof(FrameHeader) + frames_.back().header.length;
  std::memmove(buffer_.data(), buffer_.data() + done, filled_ - done);
  filled_ -= done;
  // Unless the last is the beginning of one, which find_frames() has taken note of.
  if (long_left_ == 0 && filled_ == 0 && !frames_.empty() && is_long(frames_.back().header)) {
    expect_more(frames_.back().header);
  }
  return state;
}

// What read_header() has left may be a whole frame. False where something is no frame.
bool ReplyPipe::find_frames() {
  frames_.clear();
  for (std::size_t at = 0;;) {
    FrameHeader header;
    const FrameDecode found = decode_frame({buffer_.data() + at, filled_ - at}, header);
    if (found == FrameDecode::kMalformed) return false;
    if (found == FrameDecode::kIncomplete) {
      const std::size_t seen = filled_ - at;
      if (seen <= sizeof header || !begin_long(header)) return true;
      header.length = static_cast<uint32_t>(seen - sizeof header);
      header.cut = 1;
      long_left_ -= header.length;
    }
    frames_.push_back({at, header});
    at += sizeof header + header.length;
  }
}

// Only the next header, so that a long payload behind it stays in the pipe.
PipeState ReplyPipe::read_header() {
  const ssize_t count = ::read(fd_.get(), buffer_.data(), sizeof(FrameHeader));
  if (count <= 0) return state_of(count);
  filled_ = static_cast<std::size_t>(count);
  FrameHeader header;
  const FrameDecode found = decode_frame({buffer_.data(), filled_}, header);
  if (found == FrameDecode::kMalformed) return PipeState::kBroken;
  if (filled_ == sizeof header && begin_long(header)) {
    filled_ = 0;
  } else {
    expects_long_ = false;
  }
  return PipeState::kOpen;
}

// A part of a result that goes on behind it.
bool ReplyPipe::is_long(const FrameHeader& header) const {
  const bool same = expects_long_ && header.task == long_.task && header.turn == long_.turn;
  return splice_available() && header.kind == FrameKind::kReply && header.flags == 0 &&
         header.length >= (same ? kLongRest : kLongPayload);
}

void ReplyPipe::expect_more(const FrameHeader& header) {
  long_ = header;
  expects_long_ = true;
}

bool ReplyPipe::begin_long(const FrameHeader& header) {
  if (!is_long(header)) return false;
  expect_more(header);
  long_left_ = header.length;
  return true;
}

// Within it messages begin and end anywhere.
PipeState ReplyPipe::pass_long(FrameSink& sink) {
  FrameHeader header = long_;
  header.length = static_cast<uint32_t>(long_left_);
  const ssize_t moved = sink.move(header, fd_.get());
  if (moved == 0) return PipeState::kEnded;
  if (moved > 0) {
    long_left_ -= static_cast<std::size_t>(moved);
    return PipeState::kOpen;
  }
  const ssize_t count = ::read(fd_.get(), buffer_.data(), std::min(long_left_, buffer_.size()));
  if (count <= 0) return state_of(count);
  header.length = static_cast<uint32_t>(count);
  long_left_ -= header.length;
  if (long_left_ > 0) header.cut = 1;
  sink.on_frame(header, {buffer_.data(), header.length});
  return PipeState::kOpen;
}

void ReplyPipe::drain(FrameSink& sink) {
  while (read(sink) == PipeState::kOpen) {
  }
}

}  // namespace pgring
