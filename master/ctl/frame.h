// One frame of `pgringctl top`, as text or JSON.
#pragma once

#include <cstddef>
#include <string>

#include "master/ctl/sample.h"

namespace pgring::ctl {

// At most `rows` lines of at most `columns` characters, each ended.
std::string draw_frame(const Sample& before, const Sample& now, const std::string& version,
                       std::size_t rows, std::size_t columns);
std::string frame_to_json(const Sample& before, const Sample& now, const std::string& version);

}  // namespace pgring::ctl
