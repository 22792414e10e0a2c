// SQL text, of which nothing may be taken for harmless that is not.
#include <string>

#include "common/statement_class.h"
#include "tests/fuzz/fuzz_target.h"

PGRING_FUZZ_TARGET(statements) {
  using namespace pgring;
  for (const bool standard : {true, false}) {
    const StatementClass found = classify_statement(bytes, standard);
    fuzz::require(found.kind == classify_statement(bytes, standard).kind, "the answer is the same");
    // A second statement behind it is never independent.
    const std::string two = std::string(bytes) + "\n; begin";
    fuzz::require(classify_statement(two, standard).kind == StatementKind::kExclusive ||
                      bytes.find_first_of("'\"$/-") != std::string_view::npos,
                  "two statements are exclusive");
  }
}
