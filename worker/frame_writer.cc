// Building and writing frames.
#include "worker/frame_writer.h"

#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace pgring {
namespace {

constexpr std::size_t kInitialBuffer = 256 * 1024;
// From this length on a call of its own is cheaper than a copy.
constexpr std::size_t kLongRun = 32 * 1024;

}  // namespace

FrameWriter::FrameWriter(Fd pipe) : pipe_(std::move(pipe)) { buffer_.reserve(kInitialBuffer); }

FrameHeader FrameWriter::load(std::size_t at) const {
  FrameHeader header;
  std::memcpy(&header, buffer_.data() + at, sizeof header);
  return header;
}

void FrameWriter::store(std::size_t at, const FrameHeader& header) {
  std::memcpy(buffer_.data() + at, &header, sizeof header);
}

void FrameWriter::append(FrameHeader header, std::string_view payload) {
  header.length = static_cast<uint32_t>(payload.size());
  const std::size_t at = buffer_.size();
  buffer_.resize(at + sizeof header);
  store(at, header);
  buffer_.insert(buffer_.end(), payload.begin(), payload.end());
  open_ = header.kind == FrameKind::kReply ? at : kNone;
}

// Adds to the last frame if it is of the same task and has room for all.
bool FrameWriter::extend(uint32_t task, uint32_t turn, std::string_view bytes, bool cut) {
  if (open_ == kNone) return false;
  FrameHeader header = load(open_);
  if (header.task != task || header.turn != turn) return false;
  if (header.length + bytes.size() > kMaxFramePayload) return false;
  header.length += static_cast<uint32_t>(bytes.size());
  header.cut = cut;
  store(open_, header);
  buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
  return true;
}

// What is in the buffer goes first; what the pipe does not take follows it there.
void FrameWriter::write_through(FrameHeader header, std::string_view payload) {
  header.length = static_cast<uint32_t>(payload.size());
  open_ = kNone;
  std::string_view head(reinterpret_cast<const char*>(&header), sizeof header);
  const auto gather = [](std::string_view bytes) {
    return iovec{const_cast<char*>(bytes.data()), bytes.size()};
  };
  const std::string_view before(buffer_.data() + written_, pending());
  const iovec parts[] = {gather(before), gather(head), gather(payload)};
  const ssize_t count = blocked_ ? 0 : ::writev(pipe_.get(), parts, 3);
  auto left =
      static_cast<std::size_t>(std::max<ssize_t>(count, 0));  // flush() meets the error again
  const auto take = [&left](std::size_t bytes) {
    const std::size_t taken = std::min(left, bytes);
    left -= taken;
    return taken;
  };
  written_ += take(before.size());
  head.remove_prefix(take(head.size()));
  payload.remove_prefix(take(payload.size()));
  if (pending() == 0) {
    buffer_.clear();
    written_ = 0;
  }
  buffer_.insert(buffer_.end(), head.begin(), head.end());
  buffer_.insert(buffer_.end(), payload.begin(), payload.end());
}

void FrameWriter::reply(uint32_t task, uint32_t turn, std::string_view bytes, uint8_t flags,
                        bool cut) {
  if (flags == 0 && bytes.size() < kLongRun && extend(task, turn, bytes, cut)) return;
  FrameHeader header{};
  header.task = task;
  header.turn = turn;
  header.kind = FrameKind::kReply;
  header.flags = flags;
  while (!bytes.empty()) {
    const std::string_view part = bytes.substr(0, kMaxFramePayload);
    header.cut = cut || part.size() < bytes.size();
    part.size() < kLongRun ? append(header, part) : write_through(header, part);
    bytes.remove_prefix(part.size());
    header.flags = 0;
  }
}

void FrameWriter::end(FrameHeader end) {
  end.kind = FrameKind::kEnd;
  if (open_ != kNone) {
    const FrameHeader last = load(open_);
    if (last.task == end.task && last.turn == end.turn) {
      end.length = last.length;
      end.flags |= last.flags;
      store(open_, end);
      open_ = kNone;
      return;
    }
  }
  append(end, {});
}

void FrameWriter::frame(FrameHeader header, std::string_view payload) {
  if (payload.size() > kMaxFramePayload) payload = {};
  append(header, payload);
  open_ = kNone;
}

bool FrameWriter::flush() {
  open_ = kNone;  // a frame that is partly written cannot grow
  while (written_ < buffer_.size()) {
    const ssize_t n = ::write(pipe_.get(), buffer_.data() + written_, buffer_.size() - written_);
    if (n < 0) {
      if (errno == EINTR) continue;
      blocked_ = errno == EAGAIN || errno == EWOULDBLOCK;
      return blocked_;
    }
    written_ += static_cast<std::size_t>(n);
  }
  buffer_.clear();
  written_ = 0;
  blocked_ = false;
  return true;
}

}  // namespace pgring
