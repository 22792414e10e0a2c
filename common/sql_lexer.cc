// PostgreSQL's lexical rules. Names in quotation marks in the comments are those of scan.l.
#include "common/sql_lexer.h"

#include <array>

namespace pgring {
namespace {

enum class CharClass : uint8_t {
  kOther,
  kNameStart,
  kDigit,
  kOperator,
};

constexpr std::array<CharClass, 256> make_char_classes() {
  std::array<CharClass, 256> classes{};
  for (unsigned c = 'a'; c <= 'z'; ++c) classes[c] = CharClass::kNameStart;
  for (unsigned c = 'A'; c <= 'Z'; ++c) classes[c] = CharClass::kNameStart;
  for (unsigned c = 0x80; c <= 0xff; ++c) classes[c] = CharClass::kNameStart;
  classes['_'] = CharClass::kNameStart;
  for (unsigned c = '0'; c <= '9'; ++c) classes[c] = CharClass::kDigit;
  for (const char c :
       {'~', '!', '@', '#', '^', '&', '|', '`', '?', '+', '-', '*', '/', '%', '<', '>', '='}) {
    classes[static_cast<unsigned char>(c)] = CharClass::kOperator;
  }
  return classes;
}
constexpr auto kCharClasses = make_char_classes();

CharClass class_of(char c) { return kCharClasses[static_cast<unsigned char>(c)]; }
bool is_name_start(char c) { return class_of(c) == CharClass::kNameStart; }
bool is_digit(char c) { return class_of(c) == CharClass::kDigit; }
bool is_name_part(char c) { return is_name_start(c) || is_digit(c) || c == '$'; }
bool is_newline(char c) { return c == '\n' || c == '\r'; }
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\f' || is_newline(c); }

}  // namespace

SqlToken SqlLexer::next() {
  if (failed_) return {SqlTokenKind::kError, {}};
  if (!skip_blanks_and_comments()) {
    failed_ = true;
    return {SqlTokenKind::kError, {}};
  }
  if (at_end()) return {SqlTokenKind::kEnd, {}};
  const std::size_t start = at_;
  const SqlTokenKind kind = scan();
  if (kind == SqlTokenKind::kError) {
    failed_ = true;
    return {SqlTokenKind::kError, {}};
  }
  return {kind, sql_.substr(start, at_ - start)};
}

SqlTokenKind SqlLexer::scan() {
  const char c = peek();
  switch (class_of(c)) {
    case CharClass::kNameStart:
      return scan_prefixed_or_word();
    case CharClass::kDigit:
      return scan_number();
    case CharClass::kOperator:
      return scan_operator();
    case CharClass::kOther:
      break;
  }
  switch (c) {
    case '\'':
      return scan_string(plain_strings_escape_ ? Quoting::kBackslash : Quoting::kDoubled);
    case '"':
      return scan_quoted_word(SqlTokenKind::kQuotedWord);
    case '$':
      return scan_dollar();
    case ':':
      return scan_colon();
    case '.':
      return is_digit(peek(1)) ? scan_number() : punctuation(SqlTokenKind::kDot);
    case '(':
      return punctuation(SqlTokenKind::kLeftParen);
    case ')':
      return punctuation(SqlTokenKind::kRightParen);
    case '[':
      return punctuation(SqlTokenKind::kLeftBracket);
    case ']':
      return punctuation(SqlTokenKind::kRightBracket);
    case ',':
      return punctuation(SqlTokenKind::kComma);
    case ';':
      return punctuation(SqlTokenKind::kSemicolon);
    default:
      return SqlTokenKind::kError;
  }
}

bool SqlLexer::skip_blanks_and_comments() {
  while (!at_end()) {
    if (is_blank(peek())) {
      ++at_;
    } else if (peek() == '-' && peek(1) == '-') {
      skip_line_comment();
    } else if (peek() == '/' && peek(1) == '*') {
      if (!skip_block_comment()) return false;
    } else {
      return true;
    }
  }
  return true;
}

// Ends before either newline character: a lone carriage return ends the comment too.
void SqlLexer::skip_line_comment() {
  while (!at_end() && !is_newline(peek())) ++at_;
}

// Block comments nest.
bool SqlLexer::skip_block_comment() {
  std::size_t depth = 0;
  while (!at_end()) {
    if (peek() == '/' && peek(1) == '*') {
      at_ += 2;
      ++depth;
    } else if (peek() == '*' && peek(1) == '/') {
      at_ += 2;
      if (--depth == 0) return true;
    } else {
      ++at_;
    }
  }
  return false;
}

SqlTokenKind SqlLexer::scan_word() {
  while (!at_end() && is_name_part(peek())) ++at_;
  return SqlTokenKind::kWord;
}

// A letter of these right before a quote belongs to the string or the quoted name.
SqlTokenKind SqlLexer::scan_prefixed_or_word() {
  const char c = static_cast<char>(peek() | 0x20);  // to lower case where it is a letter
  if (peek(1) == '\'' && (c == 'e' || c == 'b' || c == 'x' || c == 'n')) {
    ++at_;
    if (c == 'e') return scan_string(Quoting::kBackslash);
    if (c == 'n') {
      return scan_string(plain_strings_escape_ ? Quoting::kBackslash : Quoting::kDoubled);
    }
    return scan_string(Quoting::kBits);
  }
  if (c == 'u' && peek(1) == '&' && (peek(2) == '\'' || peek(2) == '"')) {
    at_ += 2;
    if (peek() == '"') return scan_quoted_word(SqlTokenKind::kUnicodeWord);
    // The server refuses U&'' where plain strings have escapes.
    return plain_strings_escape_ ? SqlTokenKind::kError : scan_string(Quoting::kDoubled);
  }
  return scan_word();
}

SqlTokenKind SqlLexer::scan_string(Quoting quoting) {
  do {
    if (!scan_string_piece(quoting)) return SqlTokenKind::kError;
  } while (continues_on_another_line());
  return SqlTokenKind::kString;
}

// From the opening quote to behind the closing one. In a bit string a doubled quote is none: it
// ends one token and starts another, in which escapes may count.
bool SqlLexer::scan_string_piece(Quoting quoting) {
  ++at_;
  while (!at_end()) {
    const char c = peek();
    if (c == '\'') {
      ++at_;
      if (quoting == Quoting::kBits || peek() != '\'') return true;
    } else if (c == '\\' && quoting == Quoting::kBackslash) {
      ++at_;
    }
    ++at_;
  }
  return false;
}

// "quotecontinue": blanks with a newline among them, -- comments too, then a quote. The piece that
// follows is read like the first, which matters for backslashes in it.
bool SqlLexer::continues_on_another_line() {
  const std::size_t closed = at_;
  bool newline = false;
  while (!at_end()) {
    if (is_blank(peek())) {
      newline = newline || is_newline(peek());
      ++at_;
    } else if (peek() == '-' && peek(1) == '-') {
      skip_line_comment();
    } else {
      break;
    }
  }
  if (newline && peek() == '\'') return true;
  at_ = closed;
  return false;
}

SqlTokenKind SqlLexer::scan_quoted_word(SqlTokenKind kind) {
  ++at_;
  while (!at_end()) {
    if (peek() == '"') {
      ++at_;
      if (peek() != '"') return kind;
    }
    ++at_;
  }
  return SqlTokenKind::kError;
}

// $1, $$...$$ or $tag$...$tag$. The closing tag may begin with any dollar, also the last one of
// what looks like another tag, so a plain search finds it.
SqlTokenKind SqlLexer::scan_dollar() {
  const std::size_t start = at_;
  ++at_;
  if (is_digit(peek())) {
    while (is_digit(peek())) ++at_;
    return is_name_part(peek()) ? SqlTokenKind::kError : SqlTokenKind::kParameter;
  }
  while (is_name_part(peek()) && peek() != '$') ++at_;
  if (peek() != '$') return SqlTokenKind::kError;
  ++at_;
  const std::string_view tag = sql_.substr(start, at_ - start);
  const std::size_t end = sql_.find(tag, at_);
  if (end == std::string_view::npos) return SqlTokenKind::kError;
  at_ = end + tag.size();
  return SqlTokenKind::kString;
}

SqlTokenKind SqlLexer::scan_number() {
  while (is_digit(peek())) ++at_;
  if (peek() == '.') {
    ++at_;
    while (is_digit(peek())) ++at_;
  }
  if (peek() == 'e' || peek() == 'E') {
    const std::size_t sign = peek(1) == '+' || peek(1) == '-' ? 1 : 0;
    if (is_digit(peek(1 + sign))) {
      at_ += 1 + sign;
      while (is_digit(peek())) ++at_;
    }
  }
  return is_name_part(peek()) ? SqlTokenKind::kError : SqlTokenKind::kNumber;
}

SqlTokenKind SqlLexer::scan_colon() {
  ++at_;
  if (peek() == ':') return punctuation(SqlTokenKind::kTypecast);
  if (peek() == '=') return punctuation(SqlTokenKind::kOperator);
  return SqlTokenKind::kColon;
}

// An operator ends where a comment starts. A sign at the end of one belongs to what follows, unless
// there are characters in it that standard SQL does not use: a=-1, but a @- b.
SqlTokenKind SqlLexer::scan_operator() {
  const std::size_t start = at_;
  while (class_of(peek()) == CharClass::kOperator) {
    if (peek() == '-' && peek(1) == '-') break;
    if (peek() == '/' && peek(1) == '*') break;
    ++at_;
  }
  constexpr std::string_view kNotStandard = "~!@#^&|`?%";
  const auto ends_in_sign = [&] { return sql_[at_ - 1] == '+' || sql_[at_ - 1] == '-'; };
  if (sql_.substr(start, at_ - start).find_first_of(kNotStandard) == std::string_view::npos) {
    while (at_ - start > 1 && ends_in_sign()) --at_;
  }
  return SqlTokenKind::kOperator;
}

}  // namespace pgring
