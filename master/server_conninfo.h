// The connection string with which the workers reach a pool's database.
#pragma once

#include <string>

#include "common/settings.h"
#include "master/pool.h"

namespace pgring {

// What the database's line says goes before the settings that hold for all.
std::string conninfo_of(const PoolKey& key, const DatabaseSettings& database,
                        const Settings& settings);

}  // namespace pgring
