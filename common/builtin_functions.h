// The built-in functions that an independent statement may call.
#pragma once

#include <cstdint>

#include "common/word_table.h"

namespace pgring {

enum class FunctionEffect : uint8_t {
  kUnknown,   // not on the list: anything may happen
  kHarmless,  // waits for nothing, changes nothing, does no input or output of its own
  kSequence,  // nextval
};

// The list holds functions that PostgreSQL 13 and every later version has in pg_catalog, so that no
// name on it has to be defined by a user. Left out on purpose, besides everything volatile: what
// runs query text or walks cursors (query_to_xml, ts_stat, ts_rewrite), what reads session state
// that follows no startup parameter (currval, lastval, current_setting, pg_backend_pid), and sizes
// of relations (file system calls under a lock).
FunctionEffect function_effect(const FoldedWord& name);

// Whether x.name, written without parentheses, may be a call: PostgreSQL reads it as name(x) where
// x has no such column, so that `select s.pg_sleep from generate_series(9, 9) s` sleeps. True for
// the built-in functions of one argument that are not harmless.
bool may_be_attribute_call(const FoldedWord& name);

}  // namespace pgring
