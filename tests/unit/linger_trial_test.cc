// Whether looking again before sleep pays, by what is answered with it and without.
#include "master/linger_trial.h"

#include <doctest/doctest.h>

namespace pgring {
namespace {

// A server that is asked in a loop, and how many units a millisecond it answers.
struct Server {
  double with = 20, without = 20;
  LingerTrial trial{};
  int64_t now = 1'000'000'000;
  double answered = 1;
  int64_t lingered = 0;  // microseconds

  void run(int64_t us) {
    for (const int64_t end = now + us; now < end;) {
      const bool lingering = trial.review(now, static_cast<uint64_t>(answered));
      now += 100;
      lingered += lingering ? 100 : 0;
      answered += (lingering ? with : without) / 10;
    }
  }
  // The share of the next time in which it lingers.
  double share(int64_t us) {
    lingered = 0;
    run(us);
    return static_cast<double>(lingered) / static_cast<double>(us);
  }
};

constexpr int64_t kSecond = 1'000'000;
constexpr auto kTrial = LingerTrial::kTurn * static_cast<int64_t>(LingerTrial::kTurns + 1);

TEST_CASE("linger trial: it is done where a lone client's queries are answered faster") {
  Server server{.with = 20, .without = 12};
  server.run(kSecond);
  CHECK(server.share(20 * kSecond) > 0.95);
}

TEST_CASE("linger trial: it is left where as much is answered without") {
  Server server{.with = 20, .without = 20};
  server.run(kSecond);
  CHECK(server.share(20 * kSecond) < 0.1);
}

TEST_CASE("linger trial: it is left where others would use the processor better") {
  Server server{.with = 18, .without = 20};
  server.run(kSecond);
  CHECK(server.share(20 * kSecond) < 0.1);
}

TEST_CASE("linger trial: it is left where the gain may be chance") {
  Server server{.with = 0.24, .without = 0.2};
  server.run(kSecond);
  CHECK(server.share(20 * kSecond) < 0.1);
}

TEST_CASE("linger trial: it follows the work within seconds") {
  Server server{.with = 20, .without = 20};
  server.run(20 * kSecond);
  server.without = 12;
  server.run(2 * kSecond);
  CHECK(server.share(2 * kSecond) > 0.9);
  server.with = server.without = 15;
  server.run(5 * kSecond);
  CHECK(server.share(2 * kSecond) < 0.2);
}

TEST_CASE("linger trial: without queries it is not done; the next client is soon a reason to try") {
  Server server{.with = 20, .without = 12};
  server.run(kSecond);
  server.with = server.without = 0;
  server.run(10 * kSecond);
  CHECK(server.share(kSecond) == 0);
  server.with = 20;
  server.without = 12;
  server.run(2 * LingerTrial::kFirst + kTrial);
  CHECK(server.share(kSecond) == 1);
}

TEST_CASE("linger trial: what grows during the trial is not taken for a gain") {
  Server server{.with = 1, .without = 1};
  server.run(kSecond);
  // The next trial's first turn, without, has hardly any client yet.
  while (!server.trial.review(server.now, static_cast<uint64_t>(server.answered))) server.run(100);
  server.with = server.without = 20;
  server.run(kTrial);
  CHECK(server.share(kSecond / 2) == 0);
}

}  // namespace
}  // namespace pgring
