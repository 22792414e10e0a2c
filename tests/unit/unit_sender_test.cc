// Turning payloads into bytes for the server, however they are published.
#include "worker/unit_sender.h"

#include <doctest/doctest.h>

#include <cstring>
#include <string>
#include <vector>

#include "common/directive.h"
#include "common/shared_region.h"
#include "common/wire.h"

namespace pgring {
namespace {

std::string make(char type, std::string_view body) {
  std::vector<char> out;
  wire::Builder(out, type).bytes(body);
  return {out.data(), out.size()};
}

std::string number(uint64_t value) { return {reinterpret_cast<const char*>(&value), 8}; }

struct Sending {
  SharedRegion region{SharedState::bytes_needed(1, 4)};
  SharedState state = SharedState::create(region.data(), 1, 4, 1);
  ServerSession session;
  std::vector<char> out;
  UnitSender sender{state, session, out};
  Unit unit;

  explicit Sending(std::string_view payload, bool plain = false) {
    REQUIRE(payload.size() <= kInlinePayload + kBlockSize);
    Task& task = state.tasks[0];
    task.plain = plain;
    task.blocks[0] = 2;
    std::memcpy(task.payload, payload.data(),
                std::min<std::size_t>(payload.size(), kInlinePayload));
    if (payload.size() > kInlinePayload) {
      std::memcpy(state.block(2), payload.data() + kInlinePayload, payload.size() - kInlinePayload);
    }
    StatementEntry& statement = state.statements[1];
    statement.serial = 77;
    const std::string_view body("select 1\0\0\0", 11);
    statement.length = static_cast<uint32_t>(body.size());
    std::memcpy(statement.bytes, body.data(), body.size());
    unit.task = 0;
    unit.client = 5;
  }

  void publish(uint64_t end, bool closed) {
    state.tasks[0].published.store(end | (closed ? kStreamClosed : 0));
    sender.take(unit);
  }
  std::string bytes() const { return {out.data(), out.size()}; }
  std::string steps() const {
    std::string steps;
    for (std::size_t i = 0; i < session.script.size(); ++i) {
      const Step& step = session.script[i];
      steps += static_cast<char>((step.hidden ? 'a' : 'A') + static_cast<int>(step.kind));
    }
    return steps;
  }
};

const StatementRef kRef{1, 0, 77};
const std::string kRefBytes(reinterpret_cast<const char*>(&kRef), sizeof kRef);
const std::string kServerParse = make('P', std::string_view("pgring_77\0select 1\0\0\0", 21));
const std::string kBind = make('B', std::string(300, 'b'));
const std::string kDescribe = make('D', std::string_view("S\0", 2));
const std::string kSync = make('S', "");
const std::string kCloseOfX = make('C', std::string_view("Sx\0", 3));
const std::string kUnnamedParse = make('P', std::string(400, 'u'));

const std::string kPayload =
    make(static_cast<char>(Directive::kPrepare), kRefBytes) + kDescribe +
    make(static_cast<char>(Directive::kUse), kRefBytes) + kBind +
    make(static_cast<char>(Directive::kForget), "name") +
    make(static_cast<char>(Directive::kUnnamed), number(9) + kUnnamedParse) +
    make(static_cast<char>(Directive::kHidden), kCloseOfX) + make('E', "execute") + kSync;
const std::string kExpected =
    kServerParse + kDescribe + kBind + kUnnamedParse + kCloseOfX + make('E', "execute") + kSync;

}  // namespace

TEST_CASE("sender: an annotated unit published in two parts, split anywhere") {
  std::string steps;
  for (uint64_t split = 0; split <= kPayload.size(); ++split) {
    Sending sending(kPayload);
    sending.publish(split, false);
    CHECK_FALSE(sending.unit.closed);
    sending.publish(kPayload.size(), true);
    REQUIRE(sending.unit.closed);
    REQUIRE(sending.bytes() == kExpected);
    if (steps.empty()) steps = sending.steps();
    REQUIRE(sending.steps() == steps);
    REQUIRE(sending.unit.steps == steps.size());
  }
}

TEST_CASE("sender: a plain unit is copied as it is, whether at once or in parts") {
  const std::string payload = make('P', std::string(700, 'p')) + kBind + kSync;
  for (uint64_t split = 0; split <= payload.size(); split += 3) {
    Sending sending(payload, true);
    if (split > 0) sending.publish(split, false);
    sending.publish(payload.size(), true);
    REQUIRE(sending.bytes() == payload);
    REQUIRE(sending.unit.syncs == 1);
    REQUIRE(sending.session.script.empty());
  }
}

TEST_CASE("sender: a statement that the connection holds is not sent again") {
  Sending sending(kPayload);
  sending.session.prepared.insert(77, true, true);
  sending.session.unnamed = {5, 9};
  sending.publish(kPayload.size(), true);
  CHECK(sending.bytes() == kDescribe + kBind + kCloseOfX + make('E', "execute") + kSync);
  CHECK(sending.session.script.front().kind == StepKind::kMadeUpParse);
  CHECK_FALSE(sending.unit.assumes);
}

TEST_CASE("sender: in an aborted transaction the server decides on each Parse") {
  const std::string payload = make(static_cast<char>(Directive::kPrepare), kRefBytes) + kSync;
  Sending sending(payload);
  sending.session.prepared.insert(77, true, true);
  sending.session.aborted = true;
  sending.publish(payload.size(), true);
  const std::string close = make('C', std::string_view("Spgring_77\0", 11));
  CHECK(sending.bytes() == close + kServerParse + kSync);
  CHECK(sending.session.script.front().hidden);
}

TEST_CASE("sender: a Parse in front that is not answered yet is relied on, and remembered so") {
  Sending sending(kPayload);
  sending.session.prepared.insert(77, true, false);
  sending.publish(kPayload.size(), true);
  CHECK(sending.unit.assumes);
}

TEST_CASE("sender: another client's unnamed statement does not count") {
  Sending sending(kPayload);
  sending.session.unnamed = {6, 9};
  sending.publish(kPayload.size(), true);
  CHECK(sending.bytes() == kExpected);
  CHECK(sending.session.unnamed == UnnamedOwner{5, 9});
}

TEST_CASE("sender: whoever closes the unnamed statement, it is gone") {
  for (const bool plain : {true, false}) {
    const std::string payload = make('C', std::string_view("S\0", 2)) + kSync;
    Sending sending(payload, plain);
    sending.session.unnamed = {5, 9};
    sending.publish(payload.size(), true);
    CHECK(sending.session.unnamed == UnnamedOwner{});
  }
}

TEST_CASE("sender: a portal's Close and a lone Sync leave the unnamed statement alone") {
  for (const std::string& payload : {make('C', std::string_view("P\0", 2)) + kSync, kSync}) {
    Sending sending(payload, true);
    sending.session.unnamed = {5, 9};
    sending.publish(payload.size(), true);
    CHECK(sending.session.unnamed == UnnamedOwner{5, 9});
  }
}

const std::string kProbe = make('C', std::string("S"
                                                 "pgring_probe\0",
                                                 14)) +
                           kSync;

TEST_CASE("sender: behind a COPY that has failed, only what the server takes either way") {
  const std::string data = make('d', "1\n") + make('c', "") + kSync;
  const std::string payload = data + kBind + kSync;
  Sending sending(payload);
  sending.unit.scripted = sending.unit.copying = sending.unit.failed = true;
  SUBCASE("no Sync was in the data: the server skips up to the next one, and answers that") {
    sending.publish(payload.size(), false);
    CHECK(sending.bytes() == data + kSync + kProbe);
    CHECK(sending.unit.probing);
    CHECK(sending.unit.taken == data.size());
  }
  SUBCASE("one was: whether it has ended the unit must be asked before another message") {
    sending.unit.syncs = 1;
    sending.publish(payload.size(), false);
    CHECK(sending.bytes() == data + kSync + kProbe);
    CHECK(sending.unit.probe_synced);
  }
  SUBCASE("it was swallowed, and the server does not skip any more: up to Sync it is done here") {
    const std::string skipped = kBind + data;
    Sending rest(skipped + kBind);
    rest.unit.scripted = rest.unit.copying = rest.unit.failed = rest.unit.skips = true;
    rest.publish(skipped.size() + kBind.size(), false);
    CHECK(rest.bytes() == kSync);
    CHECK(rest.unit.taken == skipped.size());
  }
  SUBCASE("it was a Query's: ReadyForQuery comes without a Sync") {
    sending.unit.copy_of_query = true;
    sending.publish(payload.size(), false);
    CHECK(sending.bytes().empty());
  }
}

TEST_CASE("sender: an Ask makes the server answer what is in front of it") {
  const std::string payload = kBind + make(static_cast<char>(Directive::kAsk), "\7");
  Sending sending(payload);
  sending.publish(payload.size(), false);
  CHECK(sending.bytes() == kBind + make('H', ""));
  REQUIRE(sending.session.script.size() == 2);
  CHECK(sending.session.script[1].kind == StepKind::kAsked);
  CHECK(sending.session.script[1].serial == 7);
}

TEST_CASE("sender: what is made up is due once a Flush is behind it") {
  const std::string prepare = make(static_cast<char>(Directive::kPrepare), kRefBytes);
  for (const bool flushed : {false, true}) {
    const std::string payload = prepare + (flushed ? make('H', "") : kSync);
    Sending sending(payload);
    sending.session.prepared.insert(77, true, true);
    sending.publish(payload.size(), !flushed);
    CHECK(sending.session.script.front().kind == StepKind::kMadeUpParse);
    CHECK(sending.session.script.front().flushed == flushed);
  }
}

TEST_CASE("sender: Terminate is the last message, for the server also where the unit is skipped") {
  for (const bool skips : {false, true}) {
    const std::string payload = kBind + make('X', "");
    Sending sending(payload);
    sending.unit.copying = sending.unit.failed = sending.unit.skips = skips;
    sending.publish(payload.size(), true);
    CHECK(sending.bytes() == (skips ? "" : kBind) + make('X', ""));
    CHECK(sending.unit.terminates);
  }
}

TEST_CASE("sender: a message that no COPY takes asks first whether the COPY has failed") {
  Sending sending(kBind);
  sending.unit.scripted = sending.unit.copying = true;
  SUBCASE("a Sync is in its data") { sending.unit.syncs = 1; }
  SUBCASE("it is a Query's") { sending.unit.copy_of_query = true; }
  sending.publish(kBind.size(), false);
  CHECK(sending.bytes() == kSync + kProbe);
  CHECK(sending.unit.taken == 0);
}

TEST_CASE("sender: after an error nothing more is expected") {
  Sending sending(kPayload);
  sending.unit.failed = true;
  sending.publish(kPayload.size(), true);
  CHECK_FALSE(sending.session.prepared.holds(77));
  CHECK(sending.session.unnamed == UnnamedOwner{});
  CHECK(sending.session.script.size() == 0);
}

}  // namespace pgring
