// Style and script of the status page.
#pragma once

#include <string_view>

namespace pgring {

extern const std::string_view kStatusPageStyle;
extern const std::string_view kStatusPageScript;

}  // namespace pgring
