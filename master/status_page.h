// The page for people. It loads nothing but /status.json.
#pragma once

#include <string>

namespace pgring {

std::string status_page();

}  // namespace pgring
