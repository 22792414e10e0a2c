// Remarks on a configuration file: where, what, and how a text from the file is shown in them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pgring {

// One remark on a configuration file. `line` is 0 where none can be named.
struct Diagnostic {
  std::string file;
  int line = 0;
  std::string text;
  // `pgring.ini:17: unknown setting "pol_mode": did you mean "pool_mode"?`
  std::string format() const;
};

using Diagnostics = std::vector<Diagnostic>;

// `text` in double quotes, cut to a readable length; bytes that could confuse a terminal or a log
// become \xNN.
std::string in_quotes(std::string_view text);

bool is_utf8(std::string_view text);

// The candidate most like `name` by edit distance (a swap of neighbours counts as one), or an empty
// view if none is near enough to be meant.
std::string_view nearest_name(std::string_view name,
                              const std::vector<std::string_view>& candidates);

// `: did you mean "pool_mode"?`, or nothing.
std::string suggestion(std::string_view name, const std::vector<std::string_view>& candidates);

}  // namespace pgring
