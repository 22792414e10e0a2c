// The entry points of the statement classifier.
#include "common/statement_class.h"

#include "common/statement_classifier.h"

namespace pgring {
namespace {

// How the names of the encodings begin in which every byte of a longer character has its high bit
// set (manual, section "Character Set Support"). "windows932", "windows936", "windows949" and
// "windows950" are SJIS, GBK, UHC and BIG5, so the Windows names stand in full.
constexpr std::string_view kSafeEncodings[] = {
    "utf8",  "unicode", "sqlascii", "latin",  "iso8859",    "koi8",       "euc",        "tcvn",
    "vscii", "win125",  "win866",   "win874", "windows125", "windows866", "windows874",
};

constexpr std::size_t kMaxEncodingName = 32;

}  // namespace

StatementClass classify_statement(std::string_view sql, bool standard_conforming_strings) {
  if (sql.size() > kMaxClassifiedText) {
    return {StatementKind::kExclusive, false, "too long to be classified", SessionEffect::kNone};
  }
  if (sql.find('\0') != std::string_view::npos) {
    return {StatementKind::kExclusive, false, "a NUL in the text", SessionEffect::kNone};
  }
  return StatementClassifier(sql, standard_conforming_strings).run();
}

bool encoding_allows_classification(std::string_view client_encoding) {
  char cleaned[kMaxEncodingName];
  std::size_t length = 0;
  for (const char c : client_encoding) {
    const bool letter_or_digit =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!letter_or_digit) continue;
    if (length == kMaxEncodingName) return false;
    cleaned[length++] = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  }
  const std::string_view name(cleaned, length);
  for (const std::string_view safe : kSafeEncodings) {
    if (name.starts_with(safe)) return true;
  }
  return false;
}

}  // namespace pgring
