// The startup parameter "options".
#include "master/startup_packet.h"
#include "tests/fuzz/fuzz_target.h"

PGRING_FUZZ_TARGET(options) {
  using namespace pgring;
  std::vector<std::pair<std::string, std::string>> pairs;
  if (!parse_options(bytes, pairs)) return;
  for (const auto& [name, value] : pairs) {
    fuzz::require(!name.empty(), "every setting has a name");
    fuzz::require(name.find('=') == std::string::npos, "a name ends at the equals sign");
  }
}
