// Frames: their layout, and the master's end of a reply pipe under every way of cutting them.
#include "common/frame.h"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
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

struct Ends : FrameSink {
  Pipe pipe = make_pipe(PipeMode::kNonBlocking);
  ReplyPipe reader{std::move(pipe.read)};
  std::vector<std::pair<uint32_t, std::string>> got;

  void write(std::string_view bytes) {
    REQUIRE(::write(pipe.write.get(), bytes.data(), bytes.size()) ==
            static_cast<ssize_t>(bytes.size()));
  }
  void on_frame(const FrameHeader& header, std::string_view payload) override {
    if (got.empty() || got.back().first != header.task) got.emplace_back(header.task, "");
    got.back().second += payload;  // a long one comes in parts
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
    CHECK(ends.reader.read(ends) <= PipeState::kEmpty);
  }
  CHECK(ends.got == sent);
  CHECK(ends.reader.read(ends) == PipeState::kEmpty);
}

TEST_CASE("reply pipe: the longest frame passes") {
  Ends ends;
  set_pipe_size(ends.pipe.write.get(), 1024 * 1024);
  const std::string longest(kMaxFramePayload, 'x');
  const std::string bytes = frame(1, longest) + frame(2, longest) + frame(3, longest);
  for (std::size_t at = 0; at < bytes.size();) {
    const ssize_t n = ::write(ends.pipe.write.get(), bytes.data() + at, bytes.size() - at);
    if (n > 0) at += static_cast<std::size_t>(n);
    ends.reader.read(ends);
  }
  ends.reader.drain(ends);
  REQUIRE(ends.got.size() == 3);
  CHECK(ends.got[2].second == longest);
}

struct SocketEnds : Ends {
  int sockets[2];
  bool open = true;
  std::size_t moved = 0;

  SocketEnds() {
    set_pipe_size(pipe.write.get(), 1024 * 1024);
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, sockets) == 0);
  }
  ~SocketEnds() override {
    ::close(sockets[0]);
    ::close(sockets[1]);
  }
  ssize_t move(const FrameHeader& header, int from) override {
    if (!open || header.task != 7) return -1;
    const ssize_t bytes = splice_some(from, sockets[0], header.length, false);
    if (bytes > 0) moved += static_cast<std::size_t>(bytes);
    return bytes;
  }
  std::string received() {
    std::string bytes(1 << 20, '\0');
    const ssize_t count = ::read(sockets[1], bytes.data(), bytes.size());
    bytes.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    return bytes;
  }
};

TEST_CASE("reply pipe: a long payload goes to its socket, and what is around it to the sink") {
  if (!splice_available()) return;
  SocketEnds ends;
  const std::string first(kMaxFramePayload, 'a'), second(100'000, 'b');
  // The first is begun by a read that cannot hold it all.
  ends.write(frame(1, std::string(kMaxFramePayload, 'x')) + frame(2, std::string(90'000, 'y')) +
             frame(7, first) + frame(7, second) + frame(3, "three") + frame(7, "short"));
  std::string socket;
  while (ends.reader.read(ends) == PipeState::kOpen) socket += ends.received();
  CHECK(ends.moved > second.size());
  REQUIRE(ends.got.size() == 5);
  CHECK(ends.got[1] == std::pair<uint32_t, std::string>{2, std::string(90'000, 'y')});
  CHECK(ends.got[2].second + socket == first + second);
  CHECK(ends.got[3] == std::pair<uint32_t, std::string>{3, "three"});
  CHECK(ends.got[4] == std::pair<uint32_t, std::string>{7, "short"});
}

TEST_CASE("reply pipe: the end behind a long payload is handed out though nothing follows") {
  SocketEnds ends;
  // The second is cut by the end of a read, so that the frames behind it are looked for one by one.
  ends.write(frame(7, std::string(100'000, 'a')) + frame(7, std::string(kMaxFramePayload, 'b')) +
             frame(7, std::string(100'000, 'c')) + frame(9, "", FrameKind::kEnd));
  while (ends.reader.read(ends) == PipeState::kOpen) ends.received();
  REQUIRE_FALSE(ends.got.empty());
  CHECK(ends.got.back() == std::pair<uint32_t, std::string>{9, ""});
}

TEST_CASE("reply pipe: what its socket does not take of a long payload comes to the sink") {
  if (!splice_available()) return;
  SocketEnds ends;
  ends.write(frame(7, std::string(kMaxFramePayload, 'a')) +
             frame(7, std::string(kMaxFramePayload, 'b')) +
             frame(7, std::string(kMaxFramePayload, 'c')));
  for (int i = 0; i < 40 && ends.reader.read(ends) == PipeState::kOpen; ++i) {
  }
  std::string bytes = ends.received();
  CHECK(ends.moved == bytes.size());
  for (const auto& [task, payload] : ends.got) bytes += payload;
  CHECK(bytes.size() == 3 * kMaxFramePayload);
  CHECK(ends.reader.read(ends) == PipeState::kEmpty);
}

TEST_CASE("reply pipe: a long payload whose end has not come yet is passed on as it comes") {
  SocketEnds ends;
  ends.open = false;
  const std::string bytes = frame(7, std::string(kMaxFramePayload, 'a'));
  ends.write(bytes.substr(0, 50'000));
  CHECK(ends.reader.read(ends) == PipeState::kOpen);
  CHECK(ends.reader.read(ends) == PipeState::kEmpty);
  ends.write(bytes.substr(50'000) + frame(8, "next"));
  while (ends.reader.read(ends) == PipeState::kOpen) {
  }
  REQUIRE(ends.got.size() == 2);
  CHECK(ends.got[0].second == std::string(kMaxFramePayload, 'a'));
  CHECK(ends.got[1].second == "next");
}

TEST_CASE("reply pipe: behind a result that goes on, its next part is not read, however short") {
  if (!splice_available()) return;
  SocketEnds ends;
  const std::string first(40'000, 'a'), second(5000, 'b'), third(9000, 'c');
  ends.write(frame(7, first));
  CHECK(ends.reader.read(ends) == PipeState::kOpen);
  ends.write(frame(7, second) + frame(7, third) + frame(7, "end", FrameKind::kEnd));
  while (ends.reader.read(ends) == PipeState::kOpen) {
  }
  CHECK(ends.received() == second + third);
  REQUIRE(ends.got.size() == 1);
  CHECK(ends.got[0].second == first + "end");
}

TEST_CASE("reply pipe: a long result is passed on by turns, so that others have theirs") {
  if (!splice_available()) return;
  struct Sink : SocketEnds {
    std::vector<char> taken = std::vector<char>(kMaxFramePayload);
    ssize_t move(const FrameHeader& header, int from) override {
      const ssize_t bytes = ::read(from, taken.data(), header.length);
      if (bytes > 0) moved += static_cast<std::size_t>(bytes);
      return bytes;
    }
  };
  Sink ends;
  for (int i = 0; i < 7; ++i) ends.write(frame(7, std::string(kMaxFramePayload, 'a')));
  std::size_t most = 0, before = 0;
  while (ends.reader.read(ends) == PipeState::kOpen) {
    most = std::max(most, ends.moved - before);
    before = ends.moved;
  }
  CHECK(most == 2 * kMaxFramePayload);
}

TEST_CASE("reply pipe: of many short frames so many are read at once as two long ones take") {
  struct Bytes : SocketEnds {
    std::size_t bytes = 0;
    void on_frame(const FrameHeader& header, std::string_view) override {
      bytes += sizeof header + header.length;
    }
  };
  Bytes ends;
  constexpr std::size_t kTwoLong = 2 * (kMaxFramePayload + sizeof(FrameHeader));
  for (std::size_t i = 0; i < 900; ++i) ends.write(frame(1, std::string(1000, 'a')));
  CHECK(ends.reader.read(ends) == PipeState::kOpen);
  CHECK(ends.bytes > kTwoLong - 2000);
  CHECK(ends.bytes <= kTwoLong);
}

TEST_CASE("reply pipe: only a payload's last part ends where the worker says so") {
  struct Cuts : Ends {
    std::vector<uint8_t> cuts;
    void on_frame(const FrameHeader& header, std::string_view) override {
      cuts.push_back(header.cut);
    }
  };
  Cuts ends;
  const std::string long_frame = frame(7, std::string(100'000, 'a'));
  ends.write(long_frame.substr(0, 50'000));
  CHECK(ends.reader.read(ends) == PipeState::kOpen);
  ends.write(long_frame.substr(50'000, 20'000));
  while (ends.reader.read(ends) == PipeState::kOpen) {
  }
  ends.write(long_frame.substr(70'000));
  while (ends.reader.read(ends) == PipeState::kOpen) {
  }
  const std::vector<uint8_t> expected =
      splice_available() ? std::vector<uint8_t>{1, 1, 0} : std::vector<uint8_t>{0};
  CHECK(ends.cuts == expected);
}

TEST_CASE("reply pipe: the beginning of a frame behind such a part is not lost") {
  if (!splice_available()) return;
  SocketEnds ends;
  const std::string next = frame(8, "next");
  ends.write(frame(7, std::string(40'000, 'a')) + next.substr(0, 10));
  CHECK(ends.reader.read(ends) == PipeState::kOpen);
  ends.write(next.substr(10));
  while (ends.reader.read(ends) == PipeState::kOpen) {
  }
  REQUIRE(ends.got.size() == 2);
  CHECK(ends.got[1] == std::pair<uint32_t, std::string>{8, "next"});
}

TEST_CASE("reply pipe: after a worker's death all whole frames count, the half one does not") {
  Ends ends;
  ends.write(frame(1, "one") + frame(2, "two") + frame(3, "three").substr(0, 26));
  ends.pipe.write.reset();
  ends.reader.drain(ends);
  REQUIRE(ends.got.size() == 2);
  CHECK(ends.got[1] == std::pair<uint32_t, std::string>{2, "two"});
  CHECK(ends.reader.read(ends) == PipeState::kEnded);
}

TEST_CASE("reply pipe: what is no frame is said to be broken") {
  Ends ends;
  ends.write(frame(1, "one") + std::string(40, '\xff'));
  CHECK(ends.reader.read(ends) == PipeState::kBroken);
  CHECK(ends.got.size() == 1);
}

}  // namespace
}  // namespace pgring
