// Printing answers: aligned columns for people, JSON for programs.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "master/ctl/connection.h"

namespace pgring::ctl {

// Numbers to the right, texts to the left; the last text is not padded.
std::string to_table(const Answer& answer);
// An array of objects; numeric columns are numbers, NULL is null.
std::string to_json(const Answer& answer);

}  // namespace pgring::ctl
