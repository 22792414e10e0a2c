// The table of keywords.
#include "common/sql_keywords.h"

namespace pgring {
namespace {

using enum SqlKeyword;

consteval auto make_table() {
  WordTable<SqlKeyword, 512> table;
  table.add(kSelect, "select table");
  table.add(kValues, "values");
  table.add(kWith, "with");
  table.add(kRecursive, "recursive");
  table.add(kInsert, "insert");
  table.add(kUpdate, "update");
  table.add(kDelete, "delete");
  table.add(kMerge, "merge");
  table.add(kDeallocate, "deallocate");
  table.add(kDiscard, "discard");
  table.add(kPrepare, "prepare");
  table.add(kTransaction, "begin start commit end rollback abort savepoint release");
  table.add(kSet, "set");
  table.add(kSession, "reset show listen unlisten load");
  table.add(kAll, "all");
  table.add(kAs, "as");
  table.add(kBy, "by");
  table.add(kCast, "cast");
  table.add(kConflict, "conflict");
  table.add(kCurrent, "current");
  table.add(kDo, "do");
  table.add(kFor, "for");
  table.add(kFrom, "from");
  table.add(kGroup, "group");
  table.add(kInto, "into");
  table.add(kJoin, "join");
  table.add(kJoinType, "cross full inner left natural outer right");
  table.add(kKey, "key");
  table.add(kLateral, "lateral");
  table.add(kMaterialized, "materialized");
  table.add(kNo, "no");
  table.add(kNot, "not");
  table.add(kOf, "of");
  table.add(kOn, "on");
  table.add(kOperator, "operator");
  table.add(kOrder, "order");
  table.add(kPartition, "partition");
  table.add(kShare, "share");
  table.add(
      kNeverFunction,
      "and any array asymmetric between bigint bit boolean both case char character "
      "coalesce current_time current_timestamp dec decimal distinct else except exists "
      "extract float greatest having in int integer intersect interval leading least limit "
      "localtime localtimestamp nchar nullif numeric offset only or overlay placing position real "
      "returning row smallint some substring symmetric then time timestamp to trailing "
      "trim union using varchar variadic when where");
  table.add(kBeforeExpression,
            "escape first groups ilike is like next overlaps passing range rows similar value "
            "window zone");
  return table;
}
constexpr auto kTable = make_table();

}  // namespace

SqlKeyword find_keyword(const FoldedWord& word) {
  const SqlKeyword* keyword = kTable.find(word);
  return keyword ? *keyword : kNone;
}

}  // namespace pgring
