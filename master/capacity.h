// How much of everything the settings ask for: places in shared memory, workers, and what the
// kernel has to grant.
#pragma once

#include <cstdint>

#include "common/settings.h"
#include "master/kernel_advice.h"

namespace pgring {

uint32_t task_count(const Settings& settings);
uint32_t block_count(const Settings& settings);
uint32_t worker_count(const Settings& settings);

ServerNeeds server_needs(const Settings& settings);

}  // namespace pgring
