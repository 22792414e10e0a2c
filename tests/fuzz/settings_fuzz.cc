// A configuration file.
#include <memory>

#include "tests/fuzz/fuzz_target.h"
#include "tests/unit/settings_fixture.h"

PGRING_FUZZ_TARGET(settings) {
  using namespace pgring;
  static const auto directory = std::make_unique<ConfigDirectory>();
  const LoadResult result = directory->load(bytes);
  for (const Diagnostic& problem : result.errors) {
    fuzz::require(!problem.format().empty(), "every problem has a text");
  }
  if (result.ok()) show_settings(result.settings);
}
