// Fields of an ErrorResponse, and the renaming of statements in its text.
#include "common/wire.h"
#include "tests/fuzz/fuzz_target.h"

PGRING_FUZZ_TARGET(errors) {
  using namespace pgring;
  for (const char code : {'S', 'V', 'C', 'M', '\0'}) {
    const std::string_view found = wire::error_field(bytes, code);
    fuzz::require(found.size() <= bytes.size(), "a field is not longer than the message");
    fuzz::require(found.find('\0') == std::string_view::npos, "a field ends at its NUL");
  }
}
