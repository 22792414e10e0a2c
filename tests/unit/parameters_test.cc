// Which statements turn one client's parameters into another's.
#include "worker/parameters.h"

#include <doctest/doctest.h>

#include <cstring>

namespace pgring {
namespace {

ParameterSet set_of(uint64_t serial, std::string_view pairs) {
  ParameterSet set{};
  set.serial = serial;
  set.length = static_cast<uint32_t>(pairs.size());
  std::memcpy(set.bytes, pairs.data(), pairs.size());
  return set;
}

using namespace std::string_view_literals;

}  // namespace

TEST_CASE("parameters: literals mean the same with and without standard_conforming_strings") {
  std::string sql;
  append_literal(sql, "plain");
  append_literal(sql, "it's");
  append_literal(sql, "back\\slash'");
  CHECK(sql == "'plain''it''s' E'back\\\\slash'''");
}

TEST_CASE("parameters: only what differs is set, case of names does not matter") {
  ParameterTable table;
  table.report("TimeZone", "UTC");
  table.report("DateStyle", "ISO, MDY");
  table.login_complete();
  std::string sql;
  table.statements_for(set_of(1, "timezone\0UTC\0datestyle\0ISO, MDY\0"sv), sql);
  CHECK(sql.empty());
  table.statements_for(set_of(2, "TimeZone\0Asia/Tokyo\0DateStyle\0ISO, MDY\0"sv), sql);
  CHECK(sql.find("TimeZone") != std::string::npos);
  CHECK(sql.find("Asia/Tokyo") != std::string::npos);
  CHECK(sql.find("DateStyle") == std::string::npos);
}

TEST_CASE("parameters: what another client had set is taken back") {
  ParameterTable table;
  table.report("application_name", "pgring");
  table.login_complete();
  table.apply(set_of(1, "application_name\0mine\0search_path\0a, b\0"sv));
  table.report("application_name", "mine");
  std::string sql;
  table.statements_for(set_of(2, ""sv), sql);
  CHECK(sql == "RESET \"application_name\";RESET \"search_path\";");
}

TEST_CASE("parameters: a report after the client's own SET ends the applied set") {
  ParameterTable table;
  table.report("TimeZone", "UTC");
  table.apply(set_of(5, "TimeZone\0UTC\0"sv));
  CHECK(table.applied() == 5);
  table.report("TimeZone", "UTC");
  CHECK(table.applied() == 5);
  table.report("TimeZone", "CET");
  CHECK(table.applied() == 0);
}

TEST_CASE("parameters: after DISCARD ALL what is not reported is set again") {
  ParameterTable table;
  const ParameterSet set = set_of(5, "search_path\0a\0"sv);
  table.apply(set);
  table.forget_unreported();
  std::string sql;
  table.statements_for(set, sql);
  CHECK(sql.find("search_path") != std::string::npos);
}

TEST_CASE("parameters: a damaged set is read up to the damage") {
  int pairs = 0;
  for_each_parameter(set_of(1, "a\0001\0broken"sv), [&](auto, auto) { ++pairs; });
  CHECK(pairs == 1);
}

}  // namespace pgring
