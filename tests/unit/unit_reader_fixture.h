// A client whose bytes are cut into units without sockets or workers: what would lie in its task
// can be looked at, in whatever pieces the bytes came.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/payload.h"
#include "common/settings_load.h"
#include "common/wire.h"
#include "master/unit_reader.h"
#include "tests/unit/shared_fixture.h"

namespace pgring {

inline std::string message(char type, std::string_view body = {}) {
  std::string bytes(5, type);
  wire::store32(bytes.data() + 1, static_cast<uint32_t>(body.size() + 4));
  return bytes.append(body);
}

class UnitReaderFixture : public SharedFixture {
 public:
  explicit UnitReaderFixture(PoolMode mode = PoolMode::kTransaction)
      : context(state, settings_with_database(), Poller::create(), 48),
        dispatcher(context, doorbells),
        reader(context, dispatcher) {
    PoolRefusal refusal;
    client.pool = context.pools.find("shop", "alice", "", refusal);
    client.pool->mode = client.mode = mode;
    client.state = ClientState::kActive;
    dispatcher.client_of = [this](uint32_t) -> Client& { return client; };
  }

  // Offers bytes as the frontend does: behind what was not taken before.
  ReadVerdict feed(std::string_view bytes) {
    input.append(bytes);
    std::string_view left = input;
    const ReadVerdict verdict = reader.take(client, left);
    input.erase(0, input.size() - left.size());
    return verdict;
  }
  ReadVerdict feed_in_pieces(std::string_view bytes, std::size_t size) {
    for (; !bytes.empty(); bytes.remove_prefix(std::min(size, bytes.size()))) {
      const ReadVerdict verdict = feed(bytes.substr(0, size));
      if (verdict != ReadVerdict::kContinue) return verdict;
    }
    return ReadVerdict::kContinue;
  }

  Task& task() { return state.tasks[client.task]; }
  bool closed() { return (task().published & kStreamClosed) != 0; }
  std::string payload() {
    if (client.task == kNoTask) return {};
    std::string bytes(task().published & ~kStreamClosed, '\0');
    copy_payload(state, task(), 0, bytes.data(), bytes.size());
    return bytes;
  }
  // As a worker would: what was published beyond what it has taken.
  std::string consume() {
    const uint64_t end = task().published & ~kStreamClosed, from = task().consumed;
    std::string bytes(end - from, '\0');
    copy_payload(state, task(), from, bytes.data(), bytes.size());
    task().consumed = end;
    return bytes;
  }
  // The server has answered, and `operations` name changes took effect.
  void end_unit(uint32_t operations = 0) {
    claim(state.lanes[client.pool->lane].ring, state.tasks, 1);
    finish(task());
    dispatcher.end_unit(client);
    if (client.statements) client.statements->settle(operations);
    client.feed = Feed::kBetween;
    client.held_by_query = false;
  }

  static Settings settings_with_database() {
    Settings settings = default_settings();
    settings.databases.emplace_back();
    settings.databases.back().name = "shop";
    return settings;
  }

  std::vector<Doorbell> doorbells;
  Context context;
  Dispatcher dispatcher;
  UnitReader reader;
  Client client;
  std::string input;
};

}  // namespace pgring
