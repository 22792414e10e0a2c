// Cuts SQL text into tokens exactly where PostgreSQL's own scanner does (src/backend/parser/scan.l,
// manual section "Lexical Structure"), because a token boundary seen elsewhere than the server sees
// it would hide a second statement. It gives no meaning to tokens and allocates nothing.
//
// The text must be in an encoding in which no byte below 0x80 is part of a longer character: see
// encoding_allows_classification() in statement_class.h.
//
// What some server versions read differently is kError: a number or parameter with a letter right
// behind it (an error since version 15, two tokens before; underscores and 0x since 16), vertical
// tab (a blank since 16), bytes that start no token, and everything unterminated.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace pgring {

enum class SqlTokenKind : uint8_t {
  kEnd,
  kError,
  kWord,         // keyword or unquoted name
  kQuotedWord,   // "name", with its quotes
  kUnicodeWord,  // U&"name"
  kString,       // any kind of string constant, with all the pieces it continues in
  kNumber,
  kParameter,  // $1
  kOperator,   // a run of operator characters; also :=
  kTypecast,   // ::
  kColon,
  kLeftParen,
  kRightParen,
  kLeftBracket,
  kRightBracket,
  kComma,
  kDot,
  kSemicolon,
};

struct SqlToken {
  SqlTokenKind kind = SqlTokenKind::kEnd;
  std::string_view text;
};

class SqlLexer {
 public:
  SqlLexer(std::string_view sql, bool standard_conforming_strings)
      : sql_(sql), plain_strings_escape_(!standard_conforming_strings) {}

  // The next token. After kEnd or kError it is the same again.
  SqlToken next();

 private:
  enum class Quoting : uint8_t { kDoubled, kBackslash, kBits };

  bool at_end() const { return at_ >= sql_.size(); }
  // The character `ahead` of the current one, NUL behind the end.
  char peek(std::size_t ahead = 0) const {
    return at_ + ahead < sql_.size() ? sql_[at_ + ahead] : '\0';
  }
  SqlTokenKind scan();
  SqlTokenKind punctuation(SqlTokenKind kind) {
    ++at_;
    return kind;
  }
  bool skip_blanks_and_comments();
  void skip_line_comment();
  bool skip_block_comment();
  SqlTokenKind scan_word();
  SqlTokenKind scan_prefixed_or_word();
  SqlTokenKind scan_string(Quoting quoting);
  bool scan_string_piece(Quoting quoting);
  bool continues_on_another_line();
  SqlTokenKind scan_quoted_word(SqlTokenKind kind);
  SqlTokenKind scan_dollar();
  SqlTokenKind scan_number();
  SqlTokenKind scan_colon();
  SqlTokenKind scan_operator();

  std::string_view sql_;
  std::size_t at_ = 0;
  bool plain_strings_escape_;
  bool failed_ = false;
};

}  // namespace pgring
