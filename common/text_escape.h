// Names and texts of unknown origin inside formats that want UTF-8.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace pgring {

// Length of the UTF-8 character at the beginning of `text`, 0 if there is no valid one.
// Unicode 15, table 3-7.
std::size_t utf8_length(std::string_view text);

// RFC 8259, section 7: in double quotes. Bytes that are not UTF-8 become U+FFFD, one each.
std::string json_text(std::string_view text);

// As a label's value in Prometheus' text format and in OpenMetrics, without the quotes around it.
// Both want UTF-8: other bytes and control characters are shown as the four characters \xff, so
// that names which differ stay different.
std::string label_text(std::string_view text);

}  // namespace pgring
