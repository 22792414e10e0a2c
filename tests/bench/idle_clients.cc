// Holds many idle connections. Each has run a query, as any client that was of use.
//
//   idle_clients SOCKET_DIRECTORY PORT COUNT
//
// Prints "ready" when all are connected and leaves when its standard input ends.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "tests/bench/client.h"

int main(int argc, char** argv) {
  if (argc != 4) pgring::bench::die("usage: idle_clients SOCKET_DIRECTORY PORT COUNT");
  std::vector<pgring::bench::Client> clients;
  const int count = std::atoi(argv[3]);
  for (int made = 0; made < count; ++made) clients.emplace_back(argv[1], std::atoi(argv[2]));
  std::vector<char> buffer(4096);
  for (const pgring::bench::Client& client : clients) {
    client.send_query("select 1");
    client.read_answer(buffer);
  }
  std::puts("ready");
  std::fflush(stdout);
  char byte = 0;
  while (::read(STDIN_FILENO, &byte, 1) > 0) continue;
}
