// Reads a statement's tokens once, from left to right. What the grammar allows where is taken from
// PostgreSQL's gram.y; a text that PostgreSQL refuses may be taken for anything, since it does
// nothing.
#include "common/statement_classifier.h"

#include "common/builtin_types.h"

namespace pgring {
namespace {

using enum SqlKeyword;
using Kind = SqlTokenKind;

constexpr const char* kReads = "only reads";
constexpr const char* kEmpty = "empty";
constexpr const char* kModifies = "may wait for a row lock";

}  // namespace

StatementClassifier::StatementClassifier(std::string_view sql, bool standard_conforming_strings)
    : lexer_(sql, standard_conforming_strings), token_(lexer_.next()), next_(lexer_.next()) {}

StatementClass StatementClassifier::run() {
  if (skip_semicolons()) return {StatementKind::kIndependentRead, true, kEmpty, {}};
  if (previous_.kind == Kind::kSemicolon) return exclusive("more than one statement");
  const SqlKeyword first = keyword_of(token_);
  if (first == kDeallocate || first == kDiscard) return run_session_command(first);
  if (!start()) return exclusive(why_);
  while (token_.kind != Kind::kEnd && token_.kind != Kind::kSemicolon) {
    if (!on_token()) return exclusive(why_);
  }
  if (depth_ != 0) return exclusive("unbalanced parentheses");
  if (!skip_semicolons()) return exclusive("more than one statement");
  if (verb_ == Verb::kInsert || verb_ == Verb::kUpdate || verb_ == Verb::kDelete) {
    return {StatementKind::kIndependentWrite, false, kModifies, SessionEffect::kNone};
  }
  if (write_reason_) {
    return {StatementKind::kIndependentWrite, false, write_reason_, SessionEffect::kNone};
  }
  return {StatementKind::kIndependentRead, false, kReads, SessionEffect::kNone};
}

bool StatementClassifier::reject(const char* why) {
  why_ = why;
  return false;
}

// To the next token; `keyword` is what the current one counts as for those behind it.
void StatementClassifier::advance(SqlKeyword keyword, bool closes_source) {
  before_previous_ = previous_;
  previous_ = {token_.kind, keyword, closes_source};
  token_ = next_;
  next_ = lexer_.next();
}

SqlKeyword StatementClassifier::keyword_of(const SqlToken& token) const {
  return token.kind == Kind::kWord ? find_keyword(FoldedWord(token.text)) : kNone;
}

StatementClass StatementClassifier::exclusive(const char* why, SessionEffect effect) const {
  return {StatementKind::kExclusive, false, why, effect};
}

bool StatementClassifier::skip_semicolons() {
  while (token_.kind == Kind::kSemicolon) advance();
  return token_.kind == Kind::kEnd;
}

StatementClass StatementClassifier::run_session_command(SqlKeyword command) {
  advance(command);
  if (command == kDeallocate && keyword_of(token_) == kPrepare) advance(kPrepare);
  const bool all = keyword_of(token_) == kAll;
  if (all) advance(kAll);
  if (!all || !skip_semicolons()) return exclusive("changes or reads session state");
  return command == kDiscard ? exclusive("DISCARD ALL", SessionEffect::kDiscardAll)
                             : exclusive("DEALLOCATE ALL", SessionEffect::kDeallocateAll);
}

bool StatementClassifier::start() {
  while (token_.kind == Kind::kLeftParen) {
    if (!on_left_paren()) return false;
  }
  if (token_.kind == Kind::kError) return reject("unterminated or unknown token");
  return start_with(keyword_of(token_));
}

bool StatementClassifier::start_with(SqlKeyword first) {
  if (first == kSelect || first == kValues) return true;
  if (first == kWith) {
    verb_ = Verb::kWith;
    return true;
  }
  if (first == kTransaction) return reject("transaction control");
  if (first == kSet || first == kSession) return reject("changes or reads session state");
  const bool modifies = first == kInsert || first == kUpdate || first == kDelete;
  if (!modifies || depth_ > 0) return reject("not a plain query or modification");
  return on_modifying_keyword(first);
}

bool StatementClassifier::on_token() {
  switch (token_.kind) {
    case Kind::kWord:
      return on_word();
    case Kind::kQuotedWord:
      return on_quoted_word();
    case Kind::kLeftParen:
      return on_left_paren();
    case Kind::kRightParen:
      return on_right_paren();
    case Kind::kDot:
      return reject("field of an expression, which may be a call");
    case Kind::kUnicodeWord:
      return reject("name with Unicode escapes");
    case Kind::kError:
      return reject("unterminated or unknown token");
    case Kind::kOperator:
      return on_operator();
    case Kind::kString:
    case Kind::kNumber:
    case Kind::kParameter:
    case Kind::kTypecast:
    case Kind::kColon:
    case Kind::kLeftBracket:
    case Kind::kRightBracket:
    case Kind::kComma:
    case Kind::kEnd:
    case Kind::kSemicolon:
      break;
  }
  advance();
  return true;
}

bool StatementClassifier::on_left_paren() {
  if (depth_ == kMaxDepth) return reject("nested too deeply");
  // FROM call() AS (name type, ...)
  if (previous_.keyword == kAs && before_previous_.closes_source) opening_ = Paren::kColumns;
  parens_[depth_++] = opening_;
  opening_ = Paren::kPlain;
  advance();
  return true;
}

bool StatementClassifier::on_right_paren() {
  if (depth_ == 0) return reject("unbalanced parentheses");
  --depth_;
  const bool closes_source =
      parens_[depth_] == Paren::kSource || parens_[depth_] == Paren::kColumns;
  advance(kNone, closes_source);
  return true;
}

bool StatementClassifier::on_operator() {
  if (!is_builtin_operator(token_.text)) return reject("an operator that is not built in");
  advance();
  return true;
}

bool StatementClassifier::on_word() {
  if (next_.kind == Kind::kDot) return on_qualified_name();
  const FoldedWord folded(token_.text);
  // As an alias it would let pg_catalog.name be an attribute of a row.
  if (folded.text() == kCatalogSchema) return reject("pg_catalog as a name of its own");
  if (folded.text() == kSettingsView) return reject("changes or reads session state");
  const SqlKeyword keyword = find_keyword(folded);
  if (names_type() && !is_builtin_type(folded)) {
    const bool further = inside(Paren::kColumns) && continues_type(folded);
    if (!further) return reject("a type that is not built in");
  }
  if (previous_.keyword == kAs) {
    // An alias or a type, keyword or not; AS NOT MATERIALIZED is looked at further.
    if (keyword == kOperator) return reject("OPERATOR()");
    const bool columns = next_.kind == Kind::kLeftParen && keyword != kMaterialized;
    if (columns && !inside(Paren::kCast)) opening_ = Paren::kColumns;
    advance(keyword == kNot ? kNot : kNone);
    return true;
  }
  // type 'value'
  if (next_.kind == Kind::kString && keyword == kNone && !continues_type(folded)) {
    return reject("a type that is not built in");
  }
  return on_keyword(keyword);
}

bool StatementClassifier::on_keyword(SqlKeyword keyword) {
  if (keyword == kInto) return reject("SELECT INTO");
  if (keyword == kInsert || keyword == kUpdate || keyword == kDelete || keyword == kMerge) {
    return on_modifying_keyword(keyword);
  }
  if (keyword == kFor) return on_for();
  if (keyword == kCurrent && verb_ != Verb::kSelect && keyword_of(next_) == kOf) {
    return reject("WHERE CURRENT OF a cursor");
  }
  if (next_.kind == Kind::kLeftParen && !on_word_before_paren(keyword)) return false;
  join_seen_ = join_seen_ || keyword == kJoin;
  if (keyword == kSet && depth_ == 0) set_seen_ = true;
  if (keyword == kSelect && depth_ == 0 && verb_ == Verb::kWith) verb_ = Verb::kSelect;
  advance(keyword);
  return true;
}

}  // namespace pgring
