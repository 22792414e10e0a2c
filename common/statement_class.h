// Decides from the text of a client's statement whether it may lie in one line with statements of
// other clients on one database connection. Whatever is not recognised is exclusive, that is, runs
// alone on its connection as in every pooler.
//
// What makes a statement independent
//  - It is one SELECT, VALUES, TABLE, INSERT, UPDATE or DELETE, perhaps with WITH, and nothing but
//    semicolons behind it. No SELECT INTO, no data-modifying statement inside WITH, no WHERE
//    CURRENT OF, no TABLESAMPLE, GROUPING SETS, OPERATOR() or U&"name", no pg_settings (whose UPDATE
//    is a SET).
//  - Every word in front of a parenthesis either cannot be a function (keywords, aliases, types at
//    places where only those can stand) or is on the list in builtin_functions.h, bare or qualified
//    by pg_catalog. A quoted name in front of a parenthesis never is.
//  - Every operator has a built-in one's name, and whatever is named as a type is a built-in type
//    (builtin_types.h): a user's may be a domain, whose check calls functions, or have a cast.
//  - No x.name that could be a call in disguise: see may_be_attribute_call().
// A SELECT with FOR UPDATE/SHARE, and every INSERT, UPDATE and DELETE, can wait for a row lock and
// is an independent *write*, behind which nothing is put, and which is put behind nothing: it could
// not be taken out of the line again where the one in front does not end. nextval() makes one too:
// running it again would skip a number, and it changes what currval() answers, which is why that is
// exclusive, as are lastval() and setval(). current_user, session_user, current_database() and
// current_schema() are independent: pools are keyed by database, user and parameters, and nothing
// in a line can change them. current_setting() and pg_backend_pid() are exclusive.
//
// What no reader of text can see, and what therefore remains
//  - a view, a policy, a trigger, a rule, a column's default, a foreign table or a generated column
//    may run any function, and so may a column's or parameter's own type, a user's operator or
//    function that overloads a listed name for other argument types (a search_path that names
//    pg_catalog behind a user's schema lets one replace it), or a function that is written as an
//    attribute of a row, x.name;
//  - such a function may sleep or wait for a lock. A concurrent DDL statement's lock makes any
//    statement wait. The line takes nothing more after `pipeline_stall`, and after ten times as long
//    those in it are run elsewhere (worker/connection_line.cc);
//  - or it may leave something behind in the session (set_config, a session advisory lock, a
//    temporary table). That leaks from an autocommit statement in every pooler in transaction mode,
//    with pipelining or without it.
// A database whose schema does such things sets pipeline_depth = 1.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace pgring {

enum class StatementKind : uint8_t {
  kExclusive,         // alone on its connection
  kIndependentRead,   // may stand in line with its like; may be run again
  kIndependentWrite,  // alone in its line; never run again
};

// What a statement that stands alone in its query does to the names of the client's prepared
// statements, once it has succeeded.
enum class SessionEffect : uint8_t {
  kNone,
  kDeallocateAll,  // DEALLOCATE [PREPARE] ALL
  kDiscardAll,     // DISCARD ALL
};

struct StatementClass {
  StatementKind kind;
  bool empty;  // nothing but blanks, comments and semicolons: answered by EmptyQueryResponse
  const char* reason;  // static text: why it is of this kind
  SessionEffect effect;
};

// Longer texts are exclusive without being looked at.
constexpr std::size_t kMaxClassifiedText = 16 * 1024;

// `sql` is a Query's or a Parse's text without its terminator. The server must read it in a client
// encoding that encoding_allows_classification() and with that value of
// standard_conforming_strings. Takes time linear in the text, ends at the first sign of
// exclusiveness, allocates nothing.
StatementClass classify_statement(std::string_view sql, bool standard_conforming_strings);

// False for client encodings in which a byte below 0x80 may be the end of a longer character (SJIS,
// BIG5, GBK, UHC, GB18030, JOHAB) and for unknown ones: there a quote need not be a quote, and the
// caller must take every statement as exclusive. Names as PostgreSQL reads them: case and
// punctuation do not matter.
bool encoding_allows_classification(std::string_view client_encoding);

}  // namespace pgring
