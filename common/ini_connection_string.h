// Connection strings as PgBouncer writes them: `host=/tmp password='it''s' port=5432`.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pgring {

struct ConnectionString {
  std::vector<std::pair<std::string, std::string>> pairs;  // in the order they are written
  std::string error;  // empty, or what is wrong, without any value (it may be a password)
};

// A value ends at a blank or is in single quotes, in which a quote is doubled. Unlike in libpq, a
// backslash is an ordinary character, and no value is empty.
ConnectionString parse_connection_string(std::string_view text);

}  // namespace pgring
