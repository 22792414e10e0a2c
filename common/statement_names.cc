// The statement classifier's rules for words and names: where a modification or a row lock may
// stand, and whether a parenthesis behind a name makes it a call.
#include "common/builtin_functions.h"
#include "common/builtin_types.h"
#include "common/statement_classifier.h"

namespace pgring {
namespace {

using enum SqlKeyword;
using Kind = SqlTokenKind;

// Without quotation marks, which must be the same thing to the caller.
std::string_view bare(std::string_view name) {
  return name.front() == '"' ? name.substr(1, name.size() - 2) : name;
}

bool is_name(Kind kind) { return kind == Kind::kWord || kind == Kind::kQuotedWord; }

}  // namespace

// INSERT, UPDATE, DELETE or MERGE at the start, behind WITH's list, or in ON CONFLICT DO UPDATE.
bool StatementClassifier::on_modifying_keyword(SqlKeyword keyword) {
  if (keyword == kUpdate && verb_ == Verb::kInsert && previous_.keyword == kDo) {
    set_seen_ = false;
    advance(kUpdate);
    return true;
  }
  const bool first = previous_.kind == Kind::kEnd;
  const bool behind_with =
      verb_ == Verb::kWith && depth_ == 0 && previous_.kind == Kind::kRightParen;
  if (!first && !behind_with) return reject("a modification inside another statement");
  if (keyword == kInsert) return on_insert();
  if (keyword == kMerge) return reject("not a plain query or modification");
  verb_ = keyword == kUpdate ? Verb::kUpdate : Verb::kDelete;
  advance(keyword);
  return true;
}

// Up to the table's name: a parenthesis behind it lists columns.
bool StatementClassifier::on_insert() {
  verb_ = Verb::kInsert;
  advance(kInsert);
  if (keyword_of(token_) != kInto) return reject("not a plain query or modification");
  advance(kInto);
  while (is_name(token_.kind) && next_.kind == Kind::kDot) {
    advance();
    advance();
  }
  if (!is_name(token_.kind)) return reject("unrecognised name of a table");
  advance();
  return true;
}

// FOR UPDATE, NO KEY UPDATE, SHARE, KEY SHARE; or the FOR of substring(a FROM b FOR c).
bool StatementClassifier::on_for() {
  advance(kFor);
  SqlKeyword strength = keyword_of(token_);
  if (strength == kNo && keyword_of(next_) == kKey) advance(kNo);
  if (keyword_of(token_) == kKey && next_.kind == Kind::kWord) advance(kKey);
  strength = keyword_of(token_);
  if (strength == kUpdate || strength == kShare) {
    if (!write_reason_) write_reason_ = "locks rows";
    advance(strength);
    return true;
  }
  return depth_ > 0 || reject("unrecognised use of FOR");
}

// a.b, a.b.c, a.*: a column, a table, a function or a type.
bool StatementClassifier::on_qualified_name() {
  const bool is_catalog =
      token_.kind == Kind::kWord && FoldedWord(token_.text).text() == kCatalogSchema;
  const bool is_type = names_type();
  uint32_t parts = 1;
  while (next_.kind == Kind::kDot) {
    advance();
    advance();
    ++parts;
    if (token_.kind == Kind::kOperator && token_.text.front() == '*') return true;
    if (!is_name(token_.kind)) return reject("unrecognised qualified name");
  }
  const FoldedWord name(bare(token_.text));
  if (name.text() == kCatalogSchema) return reject("pg_catalog as a name of its own");
  if (name.text() == kSettingsView) return reject("changes or reads session state");
  const bool of_catalog = is_catalog && parts == 2 && token_.kind == Kind::kWord;
  if (is_type || next_.kind == Kind::kString) {
    if (!of_catalog || !is_builtin_type(name)) return reject("a type that is not built in");
  } else if (next_.kind == Kind::kLeftParen) {
    if (!of_catalog) return reject("calls a function of another schema");
    if (!check_function(token_.text)) return false;
  } else if (!of_catalog && !check_attribute(token_.text)) {
    return false;
  }
  advance();
  return true;
}

bool StatementClassifier::on_quoted_word() {
  if (next_.kind == Kind::kDot) return on_qualified_name();
  const std::string_view name = bare(token_.text);
  if (name == kCatalogSchema) return reject("pg_catalog as a name of its own");
  if (name == kSettingsView) return reject("changes or reads session state");
  if ((names_type() || next_.kind == Kind::kString) && name != "char") {
    return reject("a type that is not built in");
  }
  const bool names_columns = previous_.keyword == kAs;
  if (names_columns) opening_ = next_.kind == Kind::kLeftParen ? Paren::kColumns : Paren::kPlain;
  if (next_.kind == Kind::kLeftParen && !names_columns) {
    return reject("calls a function by a quoted name");
  }
  advance();
  return true;
}

// The word stands right before a parenthesis: lets it open, or finds that it is a call which is not
// on the list.
bool StatementClassifier::on_word_before_paren(SqlKeyword keyword) {
  if (keyword == kOperator) return reject("OPERATOR()");
  if (keyword == kFrom || keyword == kLateral || keyword == kGroup) {
    opening_ = Paren::kSource;
    return true;
  }
  if (is_no_function_here(keyword)) {
    if (keyword == kCast) opening_ = Paren::kCast;
    if (keyword == kJoin) opening_ = Paren::kSource;
    if (keyword == kNone && previous_.closes_source) {
      const FoldedWord word(token_.text);
      const bool part_of_call = word.text() == "over" || word.text() == "filter";
      opening_ = part_of_call ? Paren::kSource : Paren::kColumns;
    }
    return true;
  }
  return check_function(token_.text);
}

bool StatementClassifier::is_no_function_here(SqlKeyword keyword) const {
  const SqlKeyword before = previous_.keyword;
  if (keyword == kNone) {
    return previous_.kind == Kind::kTypecast || previous_.closes_source || before == kWith ||
           (before == kRecursive && before_previous_.keyword == kWith);
  }
  if (keyword == kBy) return before == kGroup || before == kOrder || before == kPartition;
  if (keyword == kJoin) {
    return before == kJoinType || previous_.closes_source ||
           (is_name(previous_.kind) && before == kNone);
  }
  if (keyword == kMaterialized) return before == kNot && before_previous_.keyword == kAs;
  if (keyword == kConflict) {
    return before == kOn && verb_ == Verb::kInsert && depth_ == 0 && !join_seen_;
  }
  if (keyword == kSet) {
    return before == kUpdate || (verb_ == Verb::kUpdate && depth_ == 0 && !set_seen_);
  }
  return keyword == kNeverFunction || keyword == kCast || keyword == kAll || keyword == kAs ||
         keyword == kNot || keyword == kOn || keyword == kSelect || keyword == kValues;
}

bool StatementClassifier::check_function(std::string_view name) {
  switch (function_effect(FoldedWord(name))) {
    case FunctionEffect::kUnknown:
      return reject("calls a function that is not on the list");
    case FunctionEffect::kSequence:
      if (!write_reason_) write_reason_ = "advances a sequence";
      break;
    case FunctionEffect::kHarmless:
      break;
  }
  opening_ = Paren::kSource;
  return true;
}

bool StatementClassifier::check_attribute(std::string_view name) {
  if (may_be_attribute_call(FoldedWord(bare(name))))
    return reject("an attribute that may be a call");
  return true;
}

// Whether the current token, a name, is where only a type can be, or (the columns of an alias,
// where any further name is) a part of one.
bool StatementClassifier::names_type() const {
  if (previous_.kind == Kind::kTypecast) return true;
  if (inside(Paren::kCast)) return previous_.keyword == kAs;
  return inside(Paren::kColumns) && is_name(previous_.kind);
}

}  // namespace pgring
