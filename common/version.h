// The version all programs print.
#pragma once

namespace pgring {

inline constexpr const char* kVersion = "0.1.0";

}  // namespace pgring
