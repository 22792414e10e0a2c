// Token boundaries of the SQL lexer, each rule of PostgreSQL's scanner by itself.
#include "common/sql_lexer.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

namespace pgring {
namespace {

char letter(SqlTokenKind kind) {
  switch (kind) {
    case SqlTokenKind::kEnd:
      return '$';
    case SqlTokenKind::kError:
      return 'E';
    case SqlTokenKind::kWord:
      return 'w';
    case SqlTokenKind::kQuotedWord:
      return 'q';
    case SqlTokenKind::kUnicodeWord:
      return 'u';
    case SqlTokenKind::kString:
      return 's';
    case SqlTokenKind::kNumber:
      return 'n';
    case SqlTokenKind::kParameter:
      return 'p';
    case SqlTokenKind::kOperator:
      return 'o';
    case SqlTokenKind::kTypecast:
      return 't';
    case SqlTokenKind::kColon:
      return ':';
    case SqlTokenKind::kLeftParen:
      return '(';
    case SqlTokenKind::kRightParen:
      return ')';
    case SqlTokenKind::kLeftBracket:
      return '[';
    case SqlTokenKind::kRightBracket:
      return ']';
    case SqlTokenKind::kComma:
      return ',';
    case SqlTokenKind::kDot:
      return '.';
    case SqlTokenKind::kSemicolon:
      return ';';
  }
  return '?';
}

struct Cut {
  std::string shape;  // a letter for each token
  std::vector<std::string> texts;
};

Cut cut(std::string_view sql, bool standard_conforming_strings = true) {
  SqlLexer lexer(sql, standard_conforming_strings);
  Cut result;
  for (;;) {
    const SqlToken token = lexer.next();
    if (token.kind == SqlTokenKind::kEnd) return result;
    result.shape += letter(token.kind);
    if (token.kind == SqlTokenKind::kError) return result;
    result.texts.emplace_back(token.text);
  }
}

std::string shape(std::string_view sql, bool conforming = true) {
  return cut(sql, conforming).shape;
}

TEST_CASE("blanks and comments are no tokens") {
  CHECK(shape("") == "");
  CHECK(shape(" \t\r\n\f") == "");
  CHECK(shape("-- a comment") == "");
  CHECK(shape("a -- b\nc") == "ww");
  CHECK(shape("a -- b\rc") == "ww");  // a lone carriage return ends a line comment
  CHECK(shape("a --\n") == "w");
  CHECK(shape("a /* b */ c") == "ww");
  CHECK(shape("a/**/b") == "ww");
  CHECK(shape("\v") == "E");  // a blank for some versions only
}

TEST_CASE("block comments nest") {
  CHECK(shape("/* /* */ ; */ a") == "w");
  CHECK(shape("/*/**/*/ a") == "w");
  CHECK(shape("/*/*/*/*/ a") == "E");
  CHECK(shape("/*/*/ */ */ a") == "w");
  CHECK(shape("/***/ a") == "w");
  CHECK(shape("/* ' */ a") == "w");
  CHECK(shape("/* -- */ a") == "w");
  CHECK(shape("/* $$ */ a") == "w");
  CHECK(shape("/*") == "E");
  CHECK(shape("/* /* */") == "E");
  CHECK(shape("a */ b") == "wow");
}

TEST_CASE("plain strings double their quotes") {
  CHECK(cut("'a''b' c").texts == std::vector<std::string>{"'a''b'", "c"});
  CHECK(shape("''") == "s");
  CHECK(shape("''''") == "s");
  CHECK(shape("'''") == "E");
  CHECK(shape("'a") == "E");
  CHECK(shape("'a''") == "E");
  CHECK(shape("'/*' a '*/'") == "sws");
  CHECK(shape("'--' a") == "sw");
  CHECK(shape("'a;b'") == "s");
}

TEST_CASE("backslashes in plain strings count only where strings do not conform") {
  CHECK(shape(R"('a\' ; ')") == "s;E");
  CHECK(shape(R"('a\' ; ')", false) == "s");
  CHECK(shape(R"('\\' ; a)", false) == "s;w");
  CHECK(shape(R"('\')", false) == "E");
  CHECK(shape(R"(N'a\' ; ')", false) == "s");
  CHECK(shape(R"(N'a\' ; ')") == "s;E");
  CHECK(shape(R"('a''\'b' c)", false) == "sw");
}

TEST_CASE("escape strings") {
  CHECK(shape(R"(E'a\' ; ' b)") == "sw");
  CHECK(shape(R"(e'\\' ; b)") == "s;w");
  CHECK(shape(R"(E'a''\'' b)") == "sw");
  CHECK(shape(R"(E'\)") == "E");
  CHECK(shape(R"(E '\' a)") == "wsw");  // a blank before the quote: a name and a plain string
  CHECK(shape(R"(be'\' a)") == "wsw");  // the name be
  CHECK(shape(R"(_e'\' a)") == "wsw");
}

TEST_CASE("bit strings have neither escapes nor doubled quotes") {
  CHECK(shape("b'01' x'1f'") == "ss");
  CHECK(shape("B'0'''") == "ss");
  CHECK(shape(R"(b'0''\'' a)", false) == "ssw");  // b'0', then '\'' with its escape
  CHECK(shape(R"(x'\' a)", false) == "sw");
}

TEST_CASE("Unicode strings and names") {
  CHECK(shape(R"(U&'\0441' a)") == "sw");
  CHECK(shape(R"(U&'a\' b)") == "sw");
  CHECK(shape("U&'a'", false) == "E");
  CHECK(shape(R"(u&"b" c)") == "uw");
  CHECK(shape(R"(U&"b" c)", false) == "uw");
  CHECK(shape("u& 'a'") == "wos");
  CHECK(shape("u&b") == "wow");
  CHECK(shape("U&\"b") == "E");
}

TEST_CASE("strings continue behind a newline, in the manner of their first piece") {
  CHECK(shape("'a' 'b'") == "ss");
  CHECK(shape("'a'\n'b'") == "s");
  CHECK(shape("'a' \r 'b'") == "s");
  CHECK(shape("'a' -- c\n 'b'") == "s");
  CHECK(shape("'a'\n-- c\n-- d\n'b' e") == "sw");
  CHECK(shape("'a' /* c\n */ 'b'") == "ss");
  CHECK(shape("'a'\n/* c */ 'b'") == "ss");
  CHECK(shape("E'a'\n'\\' ; ' b") == "sw");
  CHECK(shape("E'a' '\\' ; b") == "ss;w");
  CHECK(shape("'a'\n'\\' ; b") == "s;w");
  CHECK(shape("'a'\n") == "s");
  CHECK(shape("'a'\n--") == "s");
  CHECK(shape("'a'\nb") == "sw");
  CHECK(shape("'a'\n'b") == "E");
}

TEST_CASE("dollar quotes") {
  CHECK(shape("$$ ; $$ a") == "sw");
  CHECK(shape("$a$ $b$ ; $a$ c") == "sw");
  CHECK(shape("$a$ $A$ $a$") == "s");
  CHECK(shape("$$ $a$$ b") == "sw");  // the tag's last dollar begins the closing $$
  CHECK(shape("$a$ x$b$a$ c") == "sw");
  CHECK(shape("$a$$$a$ b") == "sw");
  CHECK(shape("$\xc3\xa9$ ; $\xc3\xa9$ a") == "sw");
  CHECK(shape("$$ '") == "E");
  CHECK(shape("$a$ $$") == "E");
  CHECK(shape("$a b$") == "E");
  CHECK(shape("a$$ b $$") == "wwE");  // the dollars belong to the name a$$
  CHECK(shape("$1a$ b") == "E");
}

TEST_CASE("quoted names") {
  CHECK(cut(R"("a""b" c)").texts == std::vector<std::string>{R"("a""b")", "c"});
  CHECK(shape(R"("a\" b)") == "qw");
  CHECK(shape(R"("--" "/*" ";" "'")") == "qqqq");
  CHECK(shape(R"("a)") == "E");
  CHECK(shape(R"("a"")") == "E");
}

TEST_CASE("words") {
  CHECK(cut("a1$b_\xc3\xa9 c").texts == std::vector<std::string>{"a1$b_\xc3\xa9", "c"});
  CHECK(shape("a.b.\"c\".*") == "w.w.q.o");
  CHECK(shape("_a") == "w");
}

TEST_CASE("numbers and parameters") {
  CHECK(shape("1 1.5 .5 1. 1e10 1.5E-3 1e+5") == "nnnnnnn");
  CHECK(shape("$1 $23,$4") == "pp,p");
  CHECK(shape("1;2") == "n;n");
  CHECK(shape("a[1:2]") == "w[n:n]");
  for (const char* junk : {"1a", "1e", "1.5into", "0x1f", "1_000", "$1a", "$1$", "1\xc3\xa9"}) {
    CAPTURE(junk);
    CHECK(shape(junk) == "E");
  }
}

TEST_CASE("operators end where a comment begins") {
  CHECK(shape("1+--2\n3") == "non");
  CHECK(shape("1*/* 2 */3") == "non");
  CHECK(shape("1*/*2*/-/*3*/4") == "noon");
  CHECK(shape("a<-1 b>=c d||e f->>'g'") == "woonwowwowwos");
  CHECK(shape("a::int b:=c d:e f=>g") == "wtwwoww:wwow");
  CHECK(shape("a - - b") == "woow");
  CHECK(shape("1=-2 3*+-4 5+-+6 7@-8 9||-1") == "noonnooonnooonnonnon");
  CHECK(shape("a @> b ?| c #>> d ~* e !~ f ` g % h ^ i & j") == "wowowowowowowowowow");
}

TEST_CASE("what starts no token is an error, and stays one") {
  for (const char* bad : {"\\", "{", "}", "\x01", "a \\ b", "$", "$ 1"}) {
    CAPTURE(bad);
    CHECK(shape(bad).back() == 'E');
  }
  SqlLexer lexer("\\ a", true);
  CHECK(lexer.next().kind == SqlTokenKind::kError);
  CHECK(lexer.next().kind == SqlTokenKind::kError);
}

}  // namespace
}  // namespace pgring
