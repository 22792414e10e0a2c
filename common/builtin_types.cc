// The lists. Types are those that PostgreSQL 13 and every later version has, operators the names in
// pg_operator of versions 13 to 17.
#include "common/builtin_types.h"

namespace pgring {
namespace {

enum class Place : uint8_t { kFirst, kFurther };

consteval auto make_types() {
  WordTable<Place, 256> table;
  table.add(Place::kFirst,
            "bigint bit bool boolean box bpchar bytea char character cid cidr circle date "
            "daterange dec decimal double float float4 float8 inet int int2 int2vector int4 "
            "int4range int8 int8range integer interval json jsonb jsonpath line lseg macaddr "
            "macaddr8 money name national nchar numeric numrange oid oidvector path pg_lsn "
            "pg_snapshot point polygon real record refcursor regclass regcollation regconfig "
            "regdictionary regnamespace regoper regoperator regproc regprocedure regrole regtype "
            "smallint text tid time timestamp timestamptz timetz tsquery tsrange tstzrange "
            "tsvector txid_snapshot unknown uuid varbit varchar xid xid8 xml");
  // As drivers write the names of array types.
  table.add(Place::kFirst,
            "_bool _bytea _date _float4 _float8 _int2 _int4 _int8 _json _jsonb _numeric _oid "
            "_text _timestamp _timestamptz _uuid _varchar");
  table.add(Place::kFurther, "array precision varying with without zone");
  return table;
}

consteval auto make_operators() {
  WordTable<bool, 256> table;
  table.add(true,
            "! !! !~ !~* !~~ !~~* # ## #- #> #>> % & && &< &<| &> * *< *<= *<> *= *> *>= + - -> "
            "->> -|- / < <-> << <<= <<| <= <> <@ <^ = > >= >> >>= >^ ? ?# ?& ?- ?-| ?| ?|| @ @-@ "
            "@> @? @@ @@@ ^ ^@ | |&> |/ |>> || ||/ ~ ~* ~<=~ ~<~ ~= ~>=~ ~>~ ~~ ~~*");
  table.add(true, "!= := =>");  // another spelling of <>, and two that the grammar knows
  return table;
}

constexpr auto kTypes = make_types();
constexpr auto kOperators = make_operators();

}  // namespace

bool is_builtin_type(const FoldedWord& word) {
  const Place* place = kTypes.find(word);
  return place != nullptr && *place == Place::kFirst;
}

bool continues_type(const FoldedWord& word) {
  return kTypes.find(word) != nullptr;  // "character varying", "timestamp with time zone"
}

bool is_builtin_operator(std::string_view name) {
  return kOperators.find(FoldedWord(name)) != nullptr;
}

}  // namespace pgring
