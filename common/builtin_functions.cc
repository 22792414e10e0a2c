// The list of functions. Every name was checked against pg_proc: all functions of that name in
// pg_catalog are immutable or stable, but for clock_timestamp, gen_random_uuid, pg_is_in_recovery,
// random, timeofday and nextval. tests/e2e/test_statement_effects.py checks it again.
#include "common/builtin_functions.h"

namespace pgring {
namespace {

using enum FunctionEffect;

consteval auto make_table() {
  WordTable<FunctionEffect, 1024> table;
  // Aggregates and window functions.
  table.add(kHarmless,
            "array_agg avg bit_and bit_or bool_and bool_or corr count covar_pop covar_samp "
            "cume_dist dense_rank every first_value json_agg json_object_agg jsonb_agg "
            "jsonb_object_agg lag last_value lead max min mode nth_value ntile percent_rank "
            "percentile_cont percentile_disc rank regr_avgx regr_avgy regr_count regr_intercept "
            "regr_r2 regr_slope regr_sxx regr_sxy regr_syy row_number stddev stddev_pop "
            "stddev_samp string_agg sum var_pop var_samp variance");
  // Numbers. random() reads and advances the session's generator, which only setseed() makes
  // observable.
  table.add(kHarmless,
            "abs acos acosh asin asinh atan atan2 atanh cbrt ceil ceiling cos cosh cot degrees "
            "div exp factorial float4 float8 floor gcd int2 int4 int8 lcm ln log log10 min_scale "
            "mod pi pow power radians random round scale sign sin sinh sqrt tan tanh trim_scale "
            "trunc width_bucket");
  // Text and bytes.
  table.add(kHarmless,
            "ascii bit_length bpchar btrim char_length character_length chr concat concat_ws "
            "convert convert_from convert_to decode encode format get_bit get_byte initcap left "
            "length like lower lpad ltrim md5 notlike octet_length parse_ident "
            "pg_client_encoding quote_ident quote_literal quote_nullable regexp_match "
            "regexp_matches regexp_replace regexp_split_to_array regexp_split_to_table repeat "
            "replace reverse right rpad rtrim set_bit set_byte sha224 sha256 sha384 sha512 "
            "split_part starts_with strpos substr text to_ascii to_hex translate upper");
  // Dates and times.
  table.add(kHarmless,
            "age clock_timestamp date date_part date_trunc isfinite justify_days justify_hours "
            "justify_interval make_date make_interval make_time make_timestamp make_timestamptz "
            "now statement_timestamp timeofday timestamptz timetz timezone to_char to_date "
            "to_number to_timestamp transaction_timestamp");
  // Arrays, ranges and sets of rows.
  table.add(kHarmless,
            "array_append array_cat array_dims array_fill array_length array_lower array_ndims "
            "array_position array_positions array_prepend array_remove array_replace "
            "array_to_string array_upper cardinality daterange generate_series "
            "generate_subscripts int4range int8range isempty lower_inc lower_inf num_nonnulls "
            "num_nulls numrange range_merge string_to_array tsrange tstzrange unnest upper_inc "
            "upper_inf");
  // JSON.
  table.add(kHarmless,
            "array_to_json json_array_elements json_array_elements_text json_array_length "
            "json_build_array json_build_object json_each json_each_text json_extract_path "
            "json_extract_path_text json_object json_object_keys json_populate_record "
            "json_populate_recordset json_strip_nulls json_to_record json_to_recordset "
            "json_typeof jsonb_array_elements jsonb_array_elements_text jsonb_array_length "
            "jsonb_build_array jsonb_build_object jsonb_each jsonb_each_text jsonb_extract_path "
            "jsonb_extract_path_text jsonb_insert jsonb_object jsonb_object_keys "
            "jsonb_path_exists jsonb_path_match jsonb_path_query jsonb_path_query_array "
            "jsonb_path_query_first jsonb_populate_record jsonb_populate_recordset jsonb_pretty "
            "jsonb_set jsonb_set_lax jsonb_strip_nulls jsonb_to_record jsonb_to_recordset "
            "jsonb_typeof row_to_json to_json to_jsonb");
  // Text search.
  table.add(kHarmless,
            "array_to_tsvector numnode phraseto_tsquery plainto_tsquery querytree setweight "
            "strip to_tsquery to_tsvector ts_delete ts_filter ts_headline ts_rank ts_rank_cd "
            "tsquery_phrase tsvector_to_array websearch_to_tsquery");
  // Identifiers, network addresses, geometry.
  table.add(kHarmless,
            "abbrev area box broadcast center circle diameter family gen_random_uuid height host "
            "hostmask inet_merge inet_same_family line lseg masklen netmask network npoints path "
            "point polygon radius set_masklen width");
  // The catalogue, as psql and drivers read it. They wait for nothing but a concurrent DDL
  // statement.
  table.add(kHarmless,
            "col_description current_database current_schema current_schemas format_type "
            "has_any_column_privilege has_column_privilege has_database_privilege "
            "has_function_privilege has_schema_privilege has_sequence_privilege "
            "has_table_privilege has_type_privilege obj_description pg_column_size "
            "pg_encoding_to_char pg_function_is_visible pg_get_constraintdef pg_get_expr "
            "pg_get_function_arguments pg_get_function_identity_arguments pg_get_function_result "
            "pg_get_functiondef pg_get_indexdef pg_get_keywords pg_get_partkeydef pg_get_ruledef "
            "pg_get_serial_sequence pg_get_triggerdef pg_get_userbyid pg_get_viewdef pg_has_role "
            "pg_is_in_recovery pg_postmaster_start_time pg_size_pretty pg_table_is_visible "
            "pg_type_is_visible pg_typeof shobj_description to_regclass to_regnamespace "
            "to_regproc to_regrole to_regtype version");
  // Takes effect at once and for everybody; sets what currval() and lastval() of its session
  // answer.
  table.add(kSequence, "nextval");
  return table;
}
constexpr auto kTable = make_table();

constexpr std::string_view kAttributePrefixes[] = {"pg_", "lo_", "binary_upgrade_", "dblink"};

constexpr std::string_view kAttributeNames[] = {
    "amvalidate",
    "brin_summarize_new_values",
    "currval",
    "current_setting",
    "gin_clean_pending_list",
    "nextval",
    "plpgsql_validator",
    "setseed",
    "ts_stat",
    "txid_status",
};

}  // namespace

FunctionEffect function_effect(const FoldedWord& name) {
  const FunctionEffect* effect = kTable.find(name);
  return effect ? *effect : kUnknown;
}

bool may_be_attribute_call(const FoldedWord& name) {
  for (const std::string_view prefix : kAttributePrefixes) {
    if (name.text().starts_with(prefix)) return true;
  }
  for (const std::string_view denied : kAttributeNames) {
    if (name.text() == denied) return true;
  }
  return false;
}

}  // namespace pgring
