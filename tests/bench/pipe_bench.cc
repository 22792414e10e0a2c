// Frames per second through a reply pipe by the size of the frame, written one at a time and many
// at once, and read and decoded as the master does.
#include <csignal>
#include <cstring>
#include <string_view>

#include "common/frame.h"
#include "common/platform.h"
#include "tests/bench/micro.h"

namespace pgring::bench {
namespace {

constexpr double kSeconds = 0.3;
constexpr std::size_t kPipeSize = std::size_t{1} << 20;
constexpr std::size_t kGathered = std::size_t{64} * 1024;

// Writes until the reader has closed its end.
void write_frames(int fd, const std::vector<char>& bytes) {
  while (true) {
    std::string_view rest(bytes.data(), bytes.size());
    while (!rest.empty()) {
      const ssize_t written = ::write(fd, rest.data(), rest.size());
      if (written < 0) return;
      rest.remove_prefix(static_cast<std::size_t>(written));
    }
  }
}

// Decodes what has come; returns the number of frames and keeps the incomplete rest in front.
uint64_t take_frames(std::vector<char>& buffer, std::size_t& filled) {
  uint64_t frames = 0;
  std::size_t at = 0;
  FrameHeader header;
  while (true) {
    const FrameDecode decoded = decode_frame({buffer.data() + at, filled - at}, header);
    if (decoded == FrameDecode::kMalformed) {
      std::fprintf(stderr, "a malformed frame\n");
      std::exit(1);
    }
    if (decoded == FrameDecode::kIncomplete) break;
    at += sizeof header + header.length;
    ++frames;
  }
  filled -= at;
  std::memmove(buffer.data(), buffer.data() + at, filled);
  return frames;
}

// As many frames as `gathered` bytes hold, at least one.
std::vector<char> make_frames(std::size_t payload, std::size_t gathered) {
  std::vector<char> frame(sizeof(FrameHeader) + payload, 'x');
  FrameHeader header{};
  header.length = static_cast<uint32_t>(payload);
  std::memcpy(frame.data(), &header, sizeof header);
  std::vector<char> bytes;
  do {
    bytes.insert(bytes.end(), frame.begin(), frame.end());
  } while (bytes.size() + frame.size() <= gathered);
  return bytes;
}

double frames_per_second(std::size_t payload, std::size_t gathered) {
  const std::vector<char> bytes = make_frames(payload, gathered);
  Pipe pipe = make_pipe(PipeMode::kBlocking);
  set_pipe_size(pipe.write.get(), kPipeSize);
  const pid_t child = fork_child([&] {
    pipe.read.reset();
    std::signal(SIGPIPE, SIG_IGN);
    write_frames(pipe.write.get(), bytes);
  });
  pipe.write.reset();
  std::vector<char> buffer(std::size_t{512} * 1024);
  std::size_t filled = 0;
  uint64_t frames = 0;
  const Clock::time_point start = Clock::now();
  double elapsed = 0;
  while ((elapsed = seconds_since(start)) < kSeconds) {
    const ssize_t got = ::read(pipe.read.get(), buffer.data() + filled, buffer.size() - filled);
    if (got <= 0) break;
    filled += static_cast<std::size_t>(got);
    frames += take_frames(buffer, filled);
  }
  pipe.read.reset();
  wait_child(child);
  return static_cast<double>(frames) / elapsed;
}

void measure(std::size_t payload, std::size_t gathered) {
  const double frames = frames_per_second(payload, gathered);
  const std::string name = "pipe, frames of " + std::to_string(payload) + " bytes, " +
                           (gathered > 0 ? "many" : "one") + " per write";
  report(name, frames, "frames/s");
  report(name, frames * static_cast<double>(payload) / 1e6, "MB/s");
}

}  // namespace
}  // namespace pgring::bench

int main() {
  using pgring::bench::kGathered;
  for (const std::size_t payload : {64, 512, 4096, 16384, 65536, 131072}) {
    pgring::bench::measure(payload, 0);
    if (2 * payload < kGathered) pgring::bench::measure(payload, kGathered);
  }
}
