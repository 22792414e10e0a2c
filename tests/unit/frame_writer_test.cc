// Joining, splitting and partly writing frames.
#include "worker/frame_writer.h"

#include <doctest/doctest.h>
#include <signal.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "common/platform.h"

namespace pgring {
namespace {

struct Received {
  FrameHeader header;
  std::string payload;
};

struct Piped {
  Pipe pipe = make_pipe(PipeMode::kNonBlocking);
  int reader = pipe.read.get();
  FrameWriter writer{std::move(pipe.write)};
  std::string bytes;

  void drain() {
    char buffer[65536];
    for (ssize_t n; (n = ::read(reader, buffer, sizeof buffer)) > 0;) {
      bytes.append(buffer, static_cast<std::size_t>(n));
    }
  }

  // More than the pipe may hold.
  void pump() {
    while (writer.pending() > 0) {
      CHECK(writer.flush());
      drain();
    }
  }

  std::vector<Received> frames() {
    drain();
    std::vector<Received> frames;
    std::string_view rest = bytes;
    FrameHeader header;
    while (decode_frame({rest.data(), rest.size()}, header) == FrameDecode::kFrame) {
      frames.push_back({header, std::string(rest.substr(sizeof header, header.length))});
      rest.remove_prefix(sizeof header + header.length);
    }
    CHECK(rest.empty());
    return frames;
  }
};

FrameHeader end_of(uint32_t task, uint32_t turn) {
  FrameHeader end{};
  end.task = task;
  end.turn = turn;
  end.status = 'I';
  return end;
}

}  // namespace

TEST_CASE("frames: a small reply and its end are one frame") {
  Piped out;
  out.writer.reply(7, 3, "abc");
  out.writer.reply(7, 3, "def");
  out.writer.end(end_of(7, 3));
  CHECK(out.writer.flush());
  const auto frames = out.frames();
  REQUIRE(frames.size() == 1);
  CHECK(frames[0].header.kind == FrameKind::kEnd);
  CHECK(frames[0].header.status == 'I');
  CHECK(frames[0].payload == "abcdef");
}

TEST_CASE("frames: it is told whether what has come so far may end inside a message") {
  Piped out;
  out.writer.reply(7, 3, "whole");
  out.writer.reply(7, 3, "begin", 0, true);
  out.writer.reply(7, 3, "error", kFrameHasError);
  out.writer.reply(7, 3, std::string(kMaxFramePayload + 1, 'x'));
  out.pump();
  const auto frames = out.frames();
  REQUIRE(frames.size() == 4);
  CHECK(frames[0].header.cut == 1);
  CHECK(frames[1].header.cut == 0);
  CHECK(frames[2].header.cut == 1);
  CHECK(frames[3].header.cut == 0);
}

TEST_CASE("frames: replies of two tasks, or two turns, stay apart") {
  Piped out;
  out.writer.reply(7, 3, "a");
  out.writer.reply(8, 3, "b");
  out.writer.reply(8, 4, "c");
  out.writer.end(end_of(8, 4));
  out.writer.end(end_of(7, 3));
  CHECK(out.writer.flush());
  const auto frames = out.frames();
  REQUIRE(frames.size() == 4);
  CHECK(frames[2].header.kind == FrameKind::kEnd);
  CHECK(frames[2].payload == "c");
  CHECK(frames[3].payload.empty());
}

TEST_CASE("frames: a flagged run begins a frame and its flag survives the end") {
  Piped out;
  out.writer.reply(1, 1, "row");
  out.writer.reply(1, 1, "error", kFrameHasError);
  out.writer.reply(1, 1, "ready");
  out.writer.end(end_of(1, 1));
  CHECK(out.writer.flush());
  const auto frames = out.frames();
  REQUIRE(frames.size() == 2);
  CHECK(frames[0].header.flags == 0);
  CHECK(frames[1].header.flags == kFrameHasError);
  CHECK(frames[1].payload == "errorready");
}

TEST_CASE("frames: a long run is split at the largest payload") {
  Piped out;
  const std::string run(300'000, 'x');
  out.writer.reply(1, 1, run);
  std::string got;
  out.pump();
  for (const auto& frame : out.frames()) {
    CHECK(frame.header.length <= kMaxFramePayload);
    got += frame.payload;
  }
  CHECK(got == run);
}

TEST_CASE("frames: a full pipe blocks, and nothing is lost or doubled") {
  Piped out;
  std::size_t sent = 0;
  while (!out.writer.blocked()) {
    out.writer.reply(1, static_cast<uint32_t>(sent), std::string(1000, 'y'));
    ++sent;
    CHECK(out.writer.flush());
  }
  CHECK(out.writer.pending() > 0);
  while (out.writer.pending() > 0) {
    out.drain();
    CHECK(out.writer.flush());
  }
  CHECK_FALSE(out.writer.blocked());
  const auto frames = out.frames();
  REQUIRE(frames.size() == sent);
  for (std::size_t i = 0; i < sent; ++i) CHECK(frames[i].header.turn == i);
}

TEST_CASE("frames: a reader that is gone is reported") {
  ::signal(SIGPIPE, SIG_IGN);  // as every process of the daemon does
  Piped out;
  out.pipe.read.reset();
  out.writer.reply(1, 1, "x");
  CHECK_FALSE(out.writer.flush());
}

}  // namespace pgring
