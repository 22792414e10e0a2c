// One run of the statement classifier over one text: the state that classify_statement() needs.
#pragma once

#include <cstdint>
#include <string_view>

#include "common/sql_keywords.h"
#include "common/sql_lexer.h"
#include "common/statement_class.h"

namespace pgring {

class StatementClassifier {
 public:
  StatementClassifier(std::string_view sql, bool standard_conforming_strings);
  StatementClass run();

 private:
  enum class Verb : uint8_t { kSelect, kWith, kInsert, kUpdate, kDelete };
  // What a parenthesis is. Behind the closing one of a kSource (a call, or a part of FROM) a name
  // with a parenthesis is an alias with its columns, or OVER or FILTER; behind that of a kPlain one
  // it may be a call, as in SELECT DISTINCT ON (a) f(b). In a kCast, AS is followed by a type; in
  // kColumns, those of an alias, each name may be.
  enum class Paren : uint8_t { kPlain, kSource, kCast, kColumns };
  // The token before the current one, as far as it matters.
  struct Previous {
    SqlTokenKind kind = SqlTokenKind::kEnd;
    SqlKeyword keyword = SqlKeyword::kNone;
    bool closes_source = false;  // a right parenthesis of Paren::kSource
  };

  // Those that return bool return false when the statement is exclusive; why_ then says why.
  bool reject(const char* why);
  void advance(SqlKeyword keyword = SqlKeyword::kNone, bool closes_source = false);
  SqlKeyword keyword_of(const SqlToken& token) const;

  StatementClass exclusive(const char* why, SessionEffect effect = SessionEffect::kNone) const;
  StatementClass run_session_command(SqlKeyword command);
  bool skip_semicolons();  // false where something stands behind them

  bool start();
  bool start_with(SqlKeyword first);
  bool on_token();
  bool on_left_paren();
  bool on_right_paren();
  bool on_operator();
  bool on_word();
  bool on_keyword(SqlKeyword keyword);
  bool on_modifying_keyword(SqlKeyword keyword);
  bool on_insert();
  bool on_for();
  bool on_qualified_name();
  bool on_quoted_word();
  bool on_word_before_paren(SqlKeyword keyword);
  bool is_no_function_here(SqlKeyword keyword) const;
  bool check_function(std::string_view name);
  bool check_attribute(std::string_view name);
  bool names_type() const;
  bool inside(Paren paren) const { return depth_ > 0 && parens_[depth_ - 1] == paren; }

  SqlLexer lexer_;
  SqlToken token_;  // the current one
  SqlToken next_;   // the one behind it
  Previous previous_;
  Previous before_previous_;
  Verb verb_ = Verb::kSelect;
  static constexpr std::string_view kCatalogSchema = "pg_catalog";
  static constexpr std::string_view kSettingsView = "pg_settings";  // an UPDATE of it is a SET
  static constexpr uint32_t kMaxDepth = 64;
  Paren opening_ = Paren::kPlain;  // what the parenthesis will be that comes next
  Paren parens_[kMaxDepth];        // those that are open
  uint32_t depth_ = 0;
  bool set_seen_ = false;  // UPDATE's own SET has come
  bool join_seen_ = false;
  const char* why_ = nullptr;
  const char* write_reason_ = nullptr;  // set: the statement is a write
};

}  // namespace pgring
