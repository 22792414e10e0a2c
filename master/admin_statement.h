// The console's small language: words, "quoted names", 'texts', numbers, '=' and an optional ';' at
// the end. SET takes "name = value" or "name TO value". A pure function over bytes from clients.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pgring {

struct AdminToken {
  std::string text;     // without quotes
  bool quoted = false;  // a quoted one is never a keyword
};

// Empty where a quote is not closed, or where something follows the ';'. Comments are skipped.
std::optional<std::vector<AdminToken>> cut_admin_statement(std::string_view sql);

// Compares without regard to case; never equal to a quoted token.
bool is_word(const AdminToken& token, std::string_view word);

}  // namespace pgring
