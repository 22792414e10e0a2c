// Many clients that read one row each, over and over, by a prepared statement: what `pgbench -S -M
// prepared` does, but for two things. It waits for its connections with the poller, whose cost does
// not grow with their number; pgbench looks at every one of them each time. And the statements are
// prepared before the clock runs.
//
//   many_clients SOCKET_DIRECTORY PORT COUNT THREADS SECONDS ACCOUNTS
//
// Prints the transactions, the seconds they took, and the median and 99th percentile of their
// latencies in milliseconds.
#include <sys/socket.h>

#include <algorithm>
#include <barrier>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <thread>

#include "common/poller.h"
#include "common/wire.h"
#include "tests/bench/client.h"

namespace pgring::bench {
namespace {

using Clock = std::chrono::steady_clock;
using std::string_view_literals::operator""sv;

constexpr std::string_view kSql = "SELECT abalance FROM pgbench_accounts WHERE aid = $1";
constexpr std::size_t kBatch = 256;  // answers from one look at the poller
constexpr std::size_t kAnswer = 4096;
constexpr std::size_t kReady = 6;       // bytes of ReadyForQuery
constexpr uint64_t kLatencyEvery = 16;  // transactions; the others' are not kept

// One thread's share of the clients.
class Share {
 public:
  Share(const char* directory, int port, int count, int accounts, unsigned seed)
      : account_(1, accounts), random_(seed), buffer_(kAnswer) {
    const std::string parse =
        message('P', std::string("own\0"sv).append(kSql).append("\0\0\0"sv)) + message('S');
    for (int made = 0; made < count; ++made) {
      const Client& client = clients_.emplace_back(directory, port);
      poller_->add(client.fd(), clients_.size() - 1, Interest::kRead);
      client.send(parse);
      client.read_answer(buffer_);
    }
    sent_at_.resize(clients_.size());
  }

  void run_until(Clock::time_point end) {
    for (std::size_t i = 0; i < clients_.size(); ++i) ask(i);
    std::vector<PollEvent> events(kBatch);
    while (Clock::now() < end) {
      const std::size_t count = poller_->wait(events, 100);
      for (std::size_t i = 0; i < count; ++i) {
        take_answer(events[i].token);
        ask(events[i].token);
      }
    }
  }

  uint64_t done() const { return done_; }
  const std::vector<float>& latencies() const { return latencies_; }

 private:
  void ask(std::size_t number) {
    const std::string account = std::to_string(account_(random_));
    std::string bind("\0own\0\0\0\0\1"sv);  // one parameter, as text
    char length[4];
    wire::store32(length, static_cast<uint32_t>(account.size()));
    bind.append(length, sizeof length).append(account).append("\0\0"sv);
    sent_at_[number] = Clock::now();
    clients_[number].send(message('B', bind) + message('D', "P\0"sv) +
                          message('E', "\0\0\0\0\0"sv) + message('S'));
  }

  // It is short: where it does not come whole, the rest is waited for.
  void take_answer(std::size_t number) {
    std::size_t have = 0;
    do {
      const ssize_t got =
          ::recv(clients_[number].fd(), buffer_.data() + have, buffer_.size() - have, 0);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) die("the server closes the connection");
      have += static_cast<std::size_t>(got);
      if (buffer_[0] == 'E') die("the server answers with an error");
    } while (have < kReady || buffer_[have - kReady] != 'Z');
    if (++done_ % kLatencyEvery != 0) return;
    const std::chrono::duration<float, std::milli> latency = Clock::now() - sent_at_[number];
    latencies_.push_back(latency.count());
  }

  std::unique_ptr<Poller> poller_ = Poller::create();
  std::vector<Client> clients_;
  std::vector<Clock::time_point> sent_at_;
  std::uniform_int_distribution<int> account_;
  std::minstd_rand random_;
  std::vector<char> buffer_;
  uint64_t done_ = 0;
  std::vector<float> latencies_;
};

float percentile(std::vector<float>& values, double share) {
  if (values.empty()) die("no transaction has ended");
  const auto at =
      values.begin() + static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

int run(char** argv) {
  const int port = std::atoi(argv[2]), count = std::atoi(argv[3]), threads = std::atoi(argv[4]);
  const auto time = std::chrono::seconds(std::atoi(argv[5]));
  const int accounts = std::atoi(argv[6]);
  std::vector<std::unique_ptr<Share>> shares(static_cast<std::size_t>(threads));
  Clock::time_point begin;
  std::barrier start(threads, [&]() noexcept { begin = Clock::now(); });
  std::vector<std::jthread> running;
  for (int number = 0; number < threads; ++number) {
    running.emplace_back([&, number] {
      const int own = count / threads + (number < count % threads);
      auto& share = shares[static_cast<std::size_t>(number)];
      share =
          std::make_unique<Share>(argv[1], port, own, accounts, static_cast<unsigned>(number + 1));
      start.arrive_and_wait();
      share->run_until(begin + time);
    });
  }
  running.clear();
  const std::chrono::duration<double> elapsed = Clock::now() - begin;
  uint64_t done = 0;
  std::vector<float> latencies;
  for (const auto& share : shares) {
    done += share->done();
    latencies.insert(latencies.end(), share->latencies().begin(), share->latencies().end());
  }
  std::printf("%llu %.6f %.3f %.3f\n", static_cast<unsigned long long>(done), elapsed.count(),
              percentile(latencies, 0.5), percentile(latencies, 0.99));
  return 0;
}

}  // namespace
}  // namespace pgring::bench

int main(int argc, char** argv) {
  if (argc != 7) {
    pgring::bench::die("usage: many_clients SOCKET_DIRECTORY PORT COUNT THREADS SECONDS ACCOUNTS");
  }
  return pgring::bench::run(argv);
}
