// The run-time parameters of one database session, as far as they are known: from ParameterStatus
// and from SET statements of our own; and the SET statements that turn them into a client's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/shared_state.h"

namespace pgring {

class ParameterTable {
 public:
  // The server reported it. After a client's own SET the session no longer has a set applied.
  void report(std::string_view name, std::string_view value);
  // Remembers what the session had right after login, to go back to.
  void login_complete();

  // The serial of the set that holds; 0: none, compare again.
  uint64_t applied() const { return applied_; }
  // The statements that establish `set`, appended to `sql`. Nothing appended: it holds already.
  void statements_for(const ParameterSet& set, std::string& sql) const;
  // They have been run.
  void apply(const ParameterSet& set);
  void forget() { applied_ = 0; }
  // Something may have changed that the server does not report: after SET, RESET, DISCARD ALL.
  void forget_unreported();
  std::string_view value(std::string_view name) const;
  // Calls fn(name, value) for each parameter that the server reports.
  template <typename Fn>
  void for_each_reported(Fn fn) const {
    for (const Parameter& parameter : parameters_) {
      if (parameter.reported) fn(parameter.name, parameter.value);
    }
  }

 private:
  struct Parameter {
    std::string name;
    std::string value;
    std::string at_login;
    bool reported = false;
    bool ours = false;  // set by us and not yet taken back
  };

  Parameter* find(std::string_view name);
  const Parameter* find(std::string_view name) const;

  std::vector<Parameter> parameters_;  // some twenty: searched one by one
  uint64_t applied_ = 0;
};

// Calls fn(name, value) for each pair of a set; stops at malformed bytes.
template <typename Fn>
void for_each_parameter(const ParameterSet& set, Fn fn) {
  std::string_view rest(set.bytes, set.length <= kParameterSetBytes ? set.length : 0);
  while (!rest.empty()) {
    const std::size_t name_end = rest.find('\0');
    if (name_end == std::string_view::npos) return;
    const std::size_t value_end = rest.find('\0', name_end + 1);
    if (value_end == std::string_view::npos) return;
    fn(rest.substr(0, name_end), rest.substr(name_end + 1, value_end - name_end - 1));
    rest.remove_prefix(value_end + 1);
  }
}

// `value` as an SQL literal that means the same whatever standard_conforming_strings is.
void append_literal(std::string& sql, std::string_view value);
// `name` as an SQL identifier, each dotted part quoted: SET "a"."b".
void append_identifier(std::string& sql, std::string_view name);

}  // namespace pgring
