// A client's messages after login: cut into units, with the workers' part played at once.
#include <memory>

#include "tests/fuzz/fuzz_target.h"
#include "tests/unit/unit_reader_fixture.h"

namespace pgring {
namespace {

// Input that may wait: a whole prepared statement, and one read behind it.
constexpr std::size_t kMostHeld = kMaxStatementLength + 64 * 1024;

// The payload must be messages and directives from end to end.
void check_payload(std::string_view payload, bool complete) {
  while (payload.size() >= kMessageHeader) {
    const uint64_t length = uint64_t{wire::load32(payload.data() + 1)} + 1;
    fuzz::require(length >= kMessageHeader, "a message has its header");
    if (length > payload.size()) break;
    payload.remove_prefix(length);
  }
  fuzz::require(!complete || payload.empty(), "a closed unit ends with a message");
}

}  // namespace
}  // namespace pgring

PGRING_FUZZ_TARGET(units) {
  using namespace pgring;
  static auto fixture = std::make_unique<UnitReaderFixture>();
  Client& client = fixture->client;
  const std::size_t piece = bytes.empty() ? 1 : 1 + static_cast<unsigned char>(bytes.front());
  if (!bytes.empty()) bytes.remove_prefix(1);
  for (int idle = 0; idle < 3;) {
    const std::string_view part = bytes.substr(0, piece);
    bytes.remove_prefix(part.size());
    if (fixture->feed(part) != ReadVerdict::kContinue) break;
    fuzz::require(fixture->input.size() <= kMostHeld, "what waits is bounded");
    fixture->reader.own_reply().clear();
    if (client.published && client.feed == Feed::kHeld && fixture->closed()) {
      if (fixture->context.tasks.is_whole(client.task)) check_payload(fixture->payload(), true);
      fixture->end_unit(static_cast<uint32_t>(piece % 3));
    } else if (client.published) {
      fixture->consume();
      if (part.size() % 5 == 4) UnitReader::on_error(client, part.size() % 2 == 0);
      if (part.size() % 7 == 6) UnitReader::on_copy_in(client);
    }
    idle = bytes.empty() ? idle + 1 : 0;
  }
  // The client leaves.
  if (client.published) {
    withdraw(fixture->task());
    client.published = false;
  }
  fixture->dispatcher.drop_task(client);
  fixture->dispatcher.leave_queues(client);
  fixture->dispatcher.served().clear();
  fixture->input.clear();
  Pool* pool = client.pool;
  std::destroy_at(&client);
  std::construct_at(&client);
  client.pool = pool;
  client.state = ClientState::kActive;
  // Whatever was left on the lane is settled.
  fuzz::require(claim(fixture->state.lanes[pool->lane].ring, fixture->state.tasks, 1) == kNoTask,
                "nothing of a client that has left can be claimed");
  fuzz::require(fixture->context.tasks.free_blocks() == 48, "every block has come back");
}
