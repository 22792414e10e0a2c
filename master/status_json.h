// What the status page's script asks for, as JSON. Its names are for the page alone; machines read
// /metrics.
#pragma once

#include <string>

#include "master/status_history.h"
#include "master/status_snapshot.h"

namespace pgring {

std::string status_to_json(const Snapshot& snapshot, const StatusHistory& history);

}  // namespace pgring
