// The SQL keywords that the statement classifier tells apart (PostgreSQL's kwlist.h, manual
// appendix "SQL Key Words").
#pragma once

#include <cstdint>

#include "common/word_table.h"

namespace pgring {

enum class SqlKeyword : uint8_t {
  kNone,  // not a keyword, or one that needs no care
  // A keyword that can never be the name of a function ("reserved" or "cannot be function or type
  // name"), so that a parenthesis behind it calls none.
  kNeverFunction,
  // One that can stand right before an expression and can also be a name.
  kBeforeExpression,
  kAll,
  kAs,
  kBy,
  kCast,
  kConflict,
  kCurrent,
  kDeallocate,
  kDelete,
  kDiscard,
  kDo,
  kFor,
  kFrom,
  kGroup,
  kInsert,
  kInto,
  kJoin,
  kJoinType,
  kKey,
  kLateral,
  kMaterialized,
  kMerge,
  kNo,
  kNot,
  kOf,
  kOn,
  kOperator,
  kOrder,
  kPartition,
  kPrepare,
  kRecursive,
  kSelect,
  kSession,  // first word of a statement that changes or reads session state
  kSet,
  kShare,
  kTransaction,  // first word of transaction control
  kUpdate,
  kValues,
  kWith,
};

// kNone for words that are not in the table.
SqlKeyword find_keyword(const FoldedWord& word);

}  // namespace pgring
