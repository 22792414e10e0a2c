// What the parts of the master share. Owned by Master; everyone else holds a reference.
#pragma once

#include <memory>
#include <vector>

#include "common/poller.h"
#include "common/settings.h"
#include "common/shared_state.h"
#include "master/client_output.h"
#include "master/parameter_sets.h"
#include "master/pool.h"
#include "master/statement_dictionary.h"
#include "master/task_store.h"

namespace pgring {

// Poller tokens: what a descriptor is, and its number.
enum class TokenKind : uint8_t { kListener, kClient, kReplyPipe, kSignal, kLogger, kLingering };
constexpr uint64_t make_token(TokenKind kind, uint32_t number) {
  return static_cast<uint64_t>(kind) << 32 | number;
}
constexpr TokenKind token_kind(uint64_t token) { return static_cast<TokenKind>(token >> 32); }
constexpr uint32_t token_number(uint64_t token) { return static_cast<uint32_t>(token); }

struct Context {
  Context(SharedState shared, Settings&& loaded, std::unique_ptr<Poller> waiter,
          uint32_t statement_blocks_from)
      : state(shared),
        settings(std::move(loaded)),
        poller(std::move(waiter)),
        tasks(shared, statement_blocks_from),
        dictionary(shared, statement_blocks_from, shared.header->block_count),
        parameter_sets(shared),
        pools(shared, settings) {}

  SharedState state;
  Settings settings;
  std::unique_ptr<Poller> poller;
  TaskStore tasks;
  StatementDictionary dictionary;
  ParameterSets parameter_sets;
  PoolTable pools;
  OutputStore output{256};
  int64_t now = 0;        // monotonic us, taken once per loop
  bool streamed = false;  // a part of a result longer than the reply window has passed
};

}  // namespace pgring
