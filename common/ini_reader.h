// Reads INI files in PgBouncer's form: sections, `name = value`, comments in lines of their own,
// and %include. Knows nothing of what the names mean.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/settings_diagnostic.h"

namespace pgring {

// Limits that only a mistaken or hostile file meets.
inline constexpr std::size_t kIniFileBytes = 16u << 20;
inline constexpr std::size_t kIniLineBytes = 64u << 10;
inline constexpr int kIniIncludeDepth = 10;  // PgBouncer's
inline constexpr int kIniFiles = 1000;

struct IniLine {
  std::string file;
  int line = 0;
  std::string section;
  std::string key;    // empty: the section's heading itself
  std::string value;  // blanks at both ends removed, otherwise as written
};

struct IniContent {
  std::vector<IniLine> lines;
  Diagnostics errors;
};

// An included file continues the section it is included in, and its last section goes on after it,
// as in PgBouncer. Its name is relative to the working directory, or, if there is no such file
// there, to the including file's directory.
IniContent read_ini(const std::string& path);

std::string_view trimmed(std::string_view text);

}  // namespace pgring
