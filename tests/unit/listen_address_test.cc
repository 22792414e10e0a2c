// address:port, and a port alone.
#include "common/listen_address.h"

#include <doctest/doctest.h>

using namespace pgring;

TEST_CASE("listen address: what is understood") {
  CHECK(parse_listen_address("9127") == ListenAddress{"127.0.0.1", 9127});
  CHECK(parse_listen_address("127.0.0.2:80") == ListenAddress{"127.0.0.2", 80});
  CHECK(parse_listen_address("localhost:1") == ListenAddress{"localhost", 1});
  CHECK(parse_listen_address("*:9127") == ListenAddress{"*", 9127});
  CHECK(parse_listen_address("[::1]:9127") == ListenAddress{"::1", 9127});
}

TEST_CASE("listen address: what is not") {
  for (const char* text :
       {"", ":", "0", "65536", "-1", "x", "9127x", ":9127", "::1:9127", "[]:1", "localhost",
        "localhost:", "a b:1", "[::1:9127", "http://x:80", "x:1:2"}) {
    CHECK_MESSAGE(!parse_listen_address(text), text);
  }
}
