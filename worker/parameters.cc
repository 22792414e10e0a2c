// Comparing a session's parameters with a client's.
#include "worker/parameters.h"

#include <strings.h>

#include <algorithm>

namespace pgring {
namespace {

bool same_name(std::string_view a, std::string_view b) {
  return a.size() == b.size() && ::strncasecmp(a.data(), b.data(), a.size()) == 0;
}

bool set_contains(const ParameterSet& set, std::string_view wanted) {
  bool found = false;
  for_each_parameter(set, [&](std::string_view name, std::string_view) {
    found = found || same_name(name, wanted);
  });
  return found;
}

}  // namespace

void append_literal(std::string& sql, std::string_view value) {
  const bool backslash = value.find('\\') != std::string_view::npos;
  sql += backslash ? " E'" : "'";
  for (const char c : value) {
    if (c == '\'' || c == '\\') sql += c;
    sql += c;
  }
  sql += '\'';
}

void append_identifier(std::string& sql, std::string_view name) {
  sql += '"';
  for (const char c : name) {
    if (c == '.') {
      sql += "\".\"";
      continue;
    }
    if (c == '"') sql += c;
    // Unquoted names are folded to lower case; parameter names are compared without case anyway.
    sql += c;
  }
  sql += '"';
}

ParameterTable::Parameter* ParameterTable::find(std::string_view name) {
  const auto at = std::ranges::find_if(parameters_,
                                       [&](const Parameter& p) { return same_name(p.name, name); });
  return at == parameters_.end() ? nullptr : &*at;
}

const ParameterTable::Parameter* ParameterTable::find(std::string_view name) const {
  return const_cast<ParameterTable*>(this)->find(name);
}

void ParameterTable::report(std::string_view name, std::string_view value) {
  Parameter* parameter = find(name);
  if (parameter == nullptr) {
    parameter = &parameters_.emplace_back();
    parameter->name = name;
  } else if (parameter->value == value) {
    parameter->reported = true;
    return;
  }
  parameter->reported = true;
  parameter->value = value;
  forget();
}

void ParameterTable::login_complete() {
  for (Parameter& parameter : parameters_) parameter.at_login = parameter.value;
}

void ParameterTable::statements_for(const ParameterSet& set, std::string& sql) const {
  for_each_parameter(set, [&](std::string_view name, std::string_view value) {
    const Parameter* known = find(name);
    if (known != nullptr && known->value == value) return;
    // "ISO" leaves the order of day and month as it is: it must not be another client's.
    if (same_name(name, "DateStyle") && value.find(',') == std::string_view::npos) {
      sql += "RESET \"DateStyle\";";
    }
    // Not SET: of a list like search_path it would take the whole value for one element.
    sql += "SELECT pg_catalog.set_config(";
    append_literal(sql, name);
    sql += ", ";
    append_literal(sql, value);
    sql += ", false);";
  });
  for (const Parameter& parameter : parameters_) {
    if (!parameter.ours || set_contains(set, parameter.name)) continue;
    if (parameter.reported && parameter.value == parameter.at_login) continue;
    sql += "RESET ";
    append_identifier(sql, parameter.name);
    sql += ';';
  }
}

void ParameterTable::apply(const ParameterSet& set) {
  std::erase_if(parameters_, [&](const Parameter& parameter) {
    return parameter.ours && !parameter.reported && !set_contains(set, parameter.name);
  });
  for (Parameter& parameter : parameters_) {
    if (parameter.ours && !set_contains(set, parameter.name)) parameter.ours = false;
  }
  for_each_parameter(set, [&](std::string_view name, std::string_view value) {
    Parameter* parameter = find(name);
    if (parameter == nullptr) {
      parameter = &parameters_.emplace_back();
      parameter->name = name;
    }
    // What the server makes of a value ("ISO, MDY" of "ISO") it reports itself.
    if (!parameter->reported) parameter->value = value;
    parameter->ours = true;
  });
  applied_ = set.serial;
}

void ParameterTable::forget_unreported() {
  std::erase_if(parameters_, [](const Parameter& parameter) { return !parameter.reported; });
  forget();
}

std::string_view ParameterTable::value(std::string_view name) const {
  const Parameter* parameter = find(name);
  return parameter == nullptr ? std::string_view() : parameter->value;
}

}  // namespace pgring
