// Frames: their layout, and the master's end of a reply pipe under every way of cutting them.
#include "common/frame.h"

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <type_traits>
#include <vector>

#include "common/platform.h"
#include "master/reply_pipe.h"

namespace pgring {
namespace {

std::string frame(uint32_t task, const std::string& payload, FrameKind kind = FrameKind::kReply) {
  FrameHeader header{};
  header.length = static_cast<uint32_t>(payload.size());
  header.task = task;
  header.kind = kind;
  return std::string(reinterpret_cast<const char*>(&header), sizeof header) + payload;
}

struct Ends {
  Pipe pipe = make_pipe(PipeMode::kNonBlocking);
  ReplyPipe reader{std::move(pipe.read)};
  std::vector<std::pair<uint32_t, std::string>> got;

  void write(std::string_view bytes) {
    REQUIRE(::write(pipe.write.get(), bytes.data(), bytes.size()) ==
            static_cast<ssize_t>(bytes.size()));
  }
  ReplyPipe::Handler handler() {
    return [this](const FrameHeader& header, std::string_view payload) {
      got.emplace_back(header.task, payload);
    };
  }
};

TEST_CASE("frame: the header is plain memory of a known layout") {
  CHECK(std::is_trivially_copyable_v<FrameHeader>);
  CHECK(sizeof(FrameHeader) == 24);
  CHECK(offsetof(FrameHeader, task) == 4);
  CHECK(offsetof(FrameHeader, turn) == 8);
  CHECK(offsetof(FrameHeader, kind) == 12);
  CHECK(offsetof(FrameHeader, name_operations) == 16);
}

TEST_CASE("frame: incomplete until the last byte of the payload") {
  const std::string whole = frame(5, "payload");
  FrameHeader header;
  for (std::size_t length = 0; length < whole.size(); ++length) {
    CHECK(decode_frame({whole.data(), length}, header) == FrameDecode::kIncomplete);
  }
  REQUIRE(decode_frame({whole.data(), whole.size()}, header) == FrameDecode::kFrame);
  CHECK(header.task == 5);
  CHECK(header.length == 7);
}

TEST_CASE("frame: lengths and kinds that no worker writes") {
  FrameHeader header;
  std::string bytes = frame(1, "");
  FrameHeader broken{};
  broken.length = kMaxFramePayload + 1;
  bytes.assign(reinterpret_cast<const char*>(&broken), sizeof broken);
  CHECK(decode_frame({bytes.data(), bytes.size()}, header) == FrameDecode::kMalformed);
  bytes = frame(1, "", static_cast<FrameKind>(static_cast<uint8_t>(FrameKind::kLast) + 1));
  CHECK(decode_frame({bytes.data(), bytes.size()}, header) == FrameDecode::kMalformed);
}

TEST_CASE("reply pipe: frames come whole and in order, however the pipe cuts them") {
  std::mt19937 random(9);
  Ends ends;
  std::string stream;
  std::vector<std::pair<uint32_t, std::string>> sent;
  for (uint32_t i = 0; i < 300; ++i) {
    const std::string payload(random() % 5 == 0 ? random() % 9000 : random() % 40,
                              static_cast<char>('a' + i % 26));
    sent.emplace_back(i, payload);
    stream += frame(i, payload);
  }
  for (std::size_t at = 0; at < stream.size();) {
    const std::size_t count = std::min<std::size_t>(1 + random() % 3000, stream.size() - at);
    ends.write(std::string_view(stream).substr(at, count));
    at += count;
    CHECK(ends.reader.read(ends.handler()) == PipeState::kOpen);
  }
  CHECK(ends.got == sent);
  CHECK(ends.reader.read(ends.handler()) == PipeState::kEmpty);
}

TEST_CASE("reply pipe: the longest frame passes") {
  Ends ends;
  set_pipe_size(ends.pipe.write.get(), 1024 * 1024);
  const std::string longest(kMaxFramePayload, 'x');
  const std::string bytes = frame(1, longest) + frame(2, longest) + frame(3, longest);
  for (std::size_t at = 0; at < bytes.size();) {
    const ssize_t n = ::write(ends.pipe.write.get(), bytes.data() + at, bytes.size() - at);
    if (n > 0) at += static_cast<std::size_t>(n);
    ends.reader.read(ends.handler());
  }
  ends.reader.drain(ends.handler());
  REQUIRE(ends.got.size() == 3);
  CHECK(ends.got[2].second == longest);
}

TEST_CASE("reply pipe: after a worker's death all whole frames count, the half one does not") {
  Ends ends;
  ends.write(frame(1, "one") + frame(2, "two") + frame(3, "three").substr(0, 26));
  ends.pipe.write.reset();
  ends.reader.drain(ends.handler());
  REQUIRE(ends.got.size() == 2);
  CHECK(ends.got[1] == std::pair<uint32_t, std::string>{2, "two"});
  CHECK(ends.reader.read(ends.handler()) == PipeState::kEnded);
}

TEST_CASE("reply pipe: what is no frame is said to be broken") {
  Ends ends;
  ends.write(frame(1, "one") + std::string(40, '\xff'));
  CHECK(ends.reader.read(ends.handler()) == PipeState::kBroken);
  CHECK(ends.got.size() == 1);
}

}  // namespace
}  // namespace pgring
