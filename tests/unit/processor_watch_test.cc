// When the processors count as busy.
#include "master/processor_watch.h"

#include <doctest/doctest.h>

#include <optional>

#include "common/clock.h"

namespace pgring {
namespace {

TEST_CASE("the processors' time goes on, and the idle part is not more than all of it") {
  const std::optional<ProcessorTime> before = processor_time();
  if (!before) return;  // the system does not tell
  CHECK(before->total > 0);
  CHECK(before->idle <= before->total);
  const int64_t deadline = monotonic_us() + 5'000'000;
  std::optional<ProcessorTime> after = before;
  while (after->total == before->total && monotonic_us() < deadline) after = processor_time();
  CHECK(after->total > before->total);
}

TEST_CASE("processors were busy when less than a twentieth of their time was idle") {
  CHECK(were_busy({100, 1000}, {104, 1100}));
  CHECK_FALSE(were_busy({100, 1000}, {105, 1100}));
  CHECK(were_busy({100, 1000}, {90, 1100}));         // time waited for a disk may be taken back
  CHECK_FALSE(were_busy({100, 1000}, {100, 1000}));  // nothing is known
}

}  // namespace
}  // namespace pgring
