// Sends one query and reads its answer to the end as fast as the kernel gives it.
//
//   bulk_client SOCKET_DIRECTORY PORT SQL
//
// Prints the seconds from the query to its ReadyForQuery, and the bytes.
#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>

#include "tests/bench/client.h"

int main(int argc, char** argv) {
  if (argc != 4) pgring::bench::die("usage: bulk_client SOCKET_DIRECTORY PORT SQL");
  const pgring::bench::Client client(argv[1], std::atoi(argv[2]));
  std::vector<char> buffer(std::size_t{1} << 20);
  using Clock = std::chrono::steady_clock;
  const Clock::time_point start = Clock::now();
  client.send_query(argv[3]);
  const uint64_t bytes = client.read_answer(buffer);
  const std::chrono::duration<double> elapsed = Clock::now() - start;
  std::printf("%.6f %" PRIu64 "\n", elapsed.count(), bytes);
}
