// The parts of load_settings(): what one line of each section means, and what only the whole file
// can show to be wrong.
#pragma once

#include "common/ini_reader.h"
#include "common/settings_entry.h"
#include "common/settings_load.h"

namespace pgring {

// "expected ..." behind a value that its entry's parser refused.
template <typename S>
std::string bad_value(const Entry<S>& row, std::string_view value) {
  const bool is_quoted = value.size() > 1 && value.front() == value.back() &&
                         (value.front() == '\'' || value.front() == '"');
  std::string text = "invalid value " + in_quotes(value) + " for " + in_quotes(row.name) +
                     ": expected " + row.describe(row.limits);
  return is_quoted ? text + ", without quotes" : text;
}

// These append to result.settings, result.errors and result.warnings.
void read_database(const IniLine& line, LoadResult& result);
void read_user(const IniLine& line, LoadResult& result);

// `lines` holds where each setting of kSettings was given, line 0 where it was not.
void check_settings(const std::vector<IniLine>& lines, LoadResult& result);

}  // namespace pgring
