// The setting log_filename: a name with a pattern for the time, as in strftime(3): %Y %y %m %d %j
// %H %M %S %F (= %Y-%m-%d) and %%. Times are UTC, like those in the lines.
//
// A file turned over while the pattern still gives the same name is renamed to that name with the
// next free number (".1", ".2", ... the highest is the youngest), and ".gz" if it is compressed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace pgring {

inline constexpr std::string_view kLogFileNameSequences = "%Y %y %m %d %j %H %M %S %F %%";

class LogFileName {
 public:
  // The first % sequence of the pattern that is none of ours; empty: there is none.
  static std::string_view unknown_sequence(std::string_view pattern);
  // Throws std::invalid_argument for an unknown % sequence, a '/' or an empty name.
  explicit LogFileName(std::string_view pattern);

  std::string expand(int64_t now_us) const;
  // Whether this pattern could have made the name, at any time, with or without number and ".gz".
  // Whatever does not match is never deleted or compressed.
  bool matches(std::string_view name) const;

 private:
  std::string pattern_;
  std::string glob_;  // for fnmatch(3)
};

// The number behind `base` in `name` ("base.3", "base.3.gz"), 0 if it has none.
unsigned log_file_number(std::string_view base, std::string_view name);

}  // namespace pgring
