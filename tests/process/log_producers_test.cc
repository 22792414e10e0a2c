// Producers that are SIGKILLed at random while they log: the reader sees whole records only, none
// is missing in the middle, and no slot is stuck for the next process.
#include <array>
#include <charconv>
#include <random>
#include <vector>

#include "common/log_ring_reader.h"
#include "tests/process/log_process.h"

namespace pgring {
namespace {

constexpr unsigned kProducers = 4;

// A text that tells its number and how long it must be.
std::string text_of(uint64_t number) {
  return std::to_string(number) + ' ' + std::string(number * 131 % 3000, 'x') + '$';
}

[[noreturn]] void produce(const LogRing& ring, unsigned slot, uint16_t incarnation) {
  LogRecord record;
  record.process = {LogProcessKind::kWorker, incarnation};
  record.context.user = "somebody";
  for (uint64_t number = 0;;) {
    const std::string text = text_of(number);
    record.time_us = static_cast<int64_t>(number);
    record.text = text;
    if (ring.write(slot, record) != LogRing::Written::kDropped) ++number;
  }
}

class Checker {
 public:
  explicit Checker(const LogRing& ring) : reader_(ring), next_(1 << 16, 0) {}

  void drain() {
    reader_.begin();
    while (const auto record = reader_.next()) check(*record);
    damaged_ += reader_.take_damaged();
    reader_.commit();
  }
  uint64_t records() const { return records_; }
  uint64_t wrong() const { return wrong_ + damaged_; }

 private:
  void check(const LogRecord& record) {
    uint64_t& expected = next_[record.process.number];
    const bool right = record.text == text_of(expected) && record.context.user == "somebody" &&
                       record.time_us == static_cast<int64_t>(expected);
    wrong_ += !right;
    ++expected;
    ++records_;
  }

  LogRingReader reader_;
  std::vector<uint64_t> next_;  // number expected, by incarnation
  uint64_t records_ = 0;
  uint64_t wrong_ = 0;
  uint64_t damaged_ = 0;
};

TEST_CASE("producers killed at random leave whole records and usable slots") {
  const SharedLogRing shared(kProducers);
  Checker checker(shared.ring);
  std::vector<LogChild> producers;
  uint16_t incarnation = 0;
  const auto start = [&](unsigned slot) {
    ++incarnation;
    return LogChild([&, slot] {
      produce(shared.ring, slot, incarnation);
      return 0;
    });
  };
  for (unsigned slot = 0; slot < kProducers; ++slot) producers.push_back(start(slot));

  std::mt19937 random(4711);
  for (int kills = 0; kills < 200; ++kills) {
    const unsigned slot = random() % kProducers;
    // The victim has got going: the kill falls into its writing, not into its start.
    const uint64_t target = checker.records() + random() % 200;
    while (checker.records() < target) {
      checker.drain();
    }
    producers[slot].kill_hard();
    producers[slot] = start(slot);
  }
  for (LogChild& producer : producers) producer.kill_hard();
  checker.drain();
  CHECK(checker.wrong() == 0);
  CHECK(checker.records() > 10'000);

  for (unsigned slot = 0; slot < kProducers; ++slot) {
    LogRecord record;
    record.process.number = static_cast<uint16_t>(++incarnation);
    record.context.user = "somebody";
    const std::string text = text_of(0);
    record.text = text;
    CHECK(shared.ring.write(slot, record) == LogRing::Written::kYes);
  }
  const uint64_t before = checker.records();
  checker.drain();
  CHECK(checker.records() == before + kProducers);
  CHECK(checker.wrong() == 0);
}

TEST_CASE("a child that has no slot yet does not write into its parent's") {
  const SharedLogRing shared(1);
  const Pipe captured = make_pipe(PipeMode::kBlocking);
  log_to_ring(shared.ring, 0, {LogProcessKind::kMaster, 0}, nullptr);
  LogChild child([&] {
    ::dup2(captured.write.get(), STDERR_FILENO);
    log_warning("from the child");
    return 0;
  });
  CHECK(child.wait() == 0);
  log_to_stderr({});
  std::array<char, 256> line;
  const ssize_t length = ::read(captured.read.get(), line.data(), line.size());
  REQUIRE(length > 0);
  CHECK(std::string(line.data(), static_cast<std::size_t>(length))
            .ends_with("master WARNING: from the child\n"));
  LogRingReader reader(shared.ring);
  CHECK_FALSE(reader.begin());
}

}  // namespace
}  // namespace pgring
