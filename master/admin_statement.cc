// Cutting a console command into tokens.
#include "master/admin_statement.h"

#include <strings.h>

namespace pgring {
namespace {

constexpr std::string_view kBlanks = " \t\r\n\f\v";
constexpr std::string_view kEnds = " \t\r\n\f\v;='\"";

// Takes blanks and "--" comments off the front.
void skip_blanks(std::string_view& sql) {
  for (;;) {
    sql.remove_prefix(std::min(sql.find_first_not_of(kBlanks), sql.size()));
    if (!sql.starts_with("--")) return;
    sql.remove_prefix(std::min(sql.find('\n'), sql.size()));
  }
}

// A doubled quote inside stands for one. False where the closing one is missing.
bool take_quoted(std::string_view& sql, AdminToken& token) {
  const char quote = sql.front();
  token.quoted = true;
  for (sql.remove_prefix(1); !sql.empty(); sql.remove_prefix(1)) {
    if (sql.front() == quote) {
      sql.remove_prefix(1);
      if (sql.empty() || sql.front() != quote) return true;
    }
    token.text.push_back(sql.front());
  }
  return false;
}

}  // namespace

std::optional<std::vector<AdminToken>> cut_admin_statement(std::string_view sql) {
  std::vector<AdminToken> tokens;
  for (skip_blanks(sql); !sql.empty(); skip_blanks(sql)) {
    if (sql.front() == ';') {
      sql.remove_prefix(1);
      skip_blanks(sql);
      if (!sql.empty()) return std::nullopt;
      break;
    }
    AdminToken& token = tokens.emplace_back();
    if (sql.front() == '\'' || sql.front() == '"') {
      if (!take_quoted(sql, token)) return std::nullopt;
    } else {
      const std::size_t length =
          sql.front() == '=' ? 1 : std::min(sql.find_first_of(kEnds), sql.size());
      token.text = sql.substr(0, length);
      sql.remove_prefix(length);
    }
  }
  return tokens;
}

bool is_word(const AdminToken& token, std::string_view word) {
  return !token.quoted && token.text.size() == word.size() &&
         strncasecmp(token.text.data(), word.data(), word.size()) == 0;
}

}  // namespace pgring
