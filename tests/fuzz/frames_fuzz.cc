// What a worker gone mad may write into its reply pipe.
#include "common/platform.h"
#include "master/reply_pipe.h"
#include "tests/fuzz/fuzz_target.h"

namespace pgring {
namespace {

struct Counter final : FrameSink {
  std::size_t handed_out = 0;

  void on_frame(const FrameHeader& header, std::string_view payload) override {
    fuzz::require(payload.size() == header.length, "a frame comes whole");
    fuzz::require(header.kind <= FrameKind::kLast, "a frame is of a known kind");
    // The parts of a long one have one header together.
    if (payload.empty() || header.kind != FrameKind::kReply) handed_out += sizeof header;
    handed_out += payload.size();
  }
};

}  // namespace
}  // namespace pgring

PGRING_FUZZ_TARGET(frames) {
  using namespace pgring;
  Pipe pipe = make_pipe(PipeMode::kNonBlocking);
  ReplyPipe reader(std::move(pipe.read));
  Counter counter;
  const std::size_t all = bytes.size();
  // The first byte says in what pieces they come.
  const std::size_t piece = bytes.empty() ? 1 : 1 + static_cast<unsigned char>(bytes.front()) * 16u;
  while (!bytes.empty()) {
    const std::string_view part = bytes.substr(0, piece);
    if (::write(pipe.write.get(), part.data(), part.size()) < 0) break;
    bytes.remove_prefix(part.size());
    if (reader.read(counter) == PipeState::kBroken) return;
  }
  fuzz::require(counter.handed_out <= all, "no byte is handed out twice");
}
