// The PostgreSQL that process tests run against: PGRING_TEST_CONNINFO, or else a private one that
// is started for the first test that asks and goes with the test program.
#pragma once

#include <string>

namespace pgring::test {

// For libpq. Throws where no server can be started.
const std::string& test_conninfo();

// Runs SQL on a connection of its own; the first column of the first row, empty if there is none.
std::string run_sql(const std::string& sql);

}  // namespace pgring::test
