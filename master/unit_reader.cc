// Taking messages one by one. Statement names are in unit_reader_statements.cc, COPY and Terminate
// in unit_reader_copy.cc.
#include "master/unit_reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/wire.h"

namespace pgring {
namespace {

// Up to this length a message is taken whole; a longer one is passed on in pieces.
constexpr uint32_t kWholeMessage = 32 * 1024;
// A unit of this length is shown to the workers before it is complete.
constexpr uint64_t kLongUnit = kPayloadWindow / 2;

constexpr std::string_view kMessageTypes = "BCDEFHPQSXdcf";
constexpr std::string_view kBodilessTypes = "SHXc";

}  // namespace

ReadVerdict UnitReader::take(Client& client, std::string_view& bytes) {
  Step step = Step::kTaken;
  wrote_ = false;
  while (step == Step::kTaken && !bytes.empty()) {
    if (client.discard_left > 0) {
      const std::size_t count = std::min<uint64_t>(client.discard_left, bytes.size());
      client.discard_left -= count;
      bytes.remove_prefix(count);
    } else if (client.message_left > 0) {
      step = pass_on(client, bytes);
    } else if (is_waiting(client.feed)) {
      step = Step::kWait;
    } else {
      step = take_message(client, bytes);
    }
  }
  if (wrote_ && client.published) dispatcher_.submit(client, TaskKind::kUnit, false);
  if (step == Step::kTerminate) return ReadVerdict::kTerminate;
  return step == Step::kViolation ? ReadVerdict::kViolation : ReadVerdict::kContinue;
}

// The rest of a long message.
UnitReader::Step UnitReader::pass_on(Client& client, std::string_view& bytes) {
  if (!has_room(client, 1)) return Step::kWait;
  const std::size_t count = std::min<uint64_t>(
      std::min<uint64_t>(client.message_left, bytes.size()), context_.tasks.room(client.task));
  context_.tasks.append(client.task, bytes.substr(0, count));
  bytes.remove_prefix(count);
  client.message_left -= count;
  wrote_ = true;
  if (client.message_left == 0 && client.feed == Feed::kHeld) {
    dispatcher_.submit(client, TaskKind::kUnit, !client.held_by_query);
    wrote_ = false;
  } else {
    publish_if_long(client);
  }
  return Step::kTaken;
}

UnitReader::Step UnitReader::take_message(Client& client, std::string_view& bytes) {
  if (bytes.size() < kMessageHeader) return Step::kWait;
  const uint64_t length = uint64_t{wire::load32(bytes.data() + 1)} + 1;
  Message message{bytes.front(), length, bytes.substr(0, length)};
  if (const Step step = check(message); step != Step::kTaken) return step;
  // Of a long message so much must be there that its names can be read.
  if (!message.whole() && message.seen.size() < kWholeMessage) return Step::kWait;
  prefix_.clear();
  if (client.feed == Feed::kCopyIn) return take_in_copy(client, message, bytes);
  const bool means_the_same = kBodilessTypes.find(message.type) != std::string_view::npos;
  if (client.unit_synced && client.feed == Feed::kOpen && !means_the_same) return ask(client);
  switch (message.type) {
    case 'Q':
    case 'F':
      return take_query(client, message, bytes);
    case 'P':
      return take_parse(client, message, bytes);
    case 'B':
      return take_bind(client, message, bytes);
    case 'D':
    case 'C':
      return take_describe_or_close(client, message, bytes);
    case 'E':
      if (!begin(client)) return Step::kWait;
      client.unit_extended = client.unit_executes = true;
      return write(client, message, bytes);
    case 'S':
      return take_sync(client, message, bytes);
    case 'H':
      return take_flush(client, message, bytes);
    case 'X':
      return take_terminate(client, message, bytes);
    default:
      if (client.feed == Feed::kOpen && client.unit_executes && !client.unit_failed) {
        return ask(client);
      }
      // CopyData, CopyDone and CopyFail outside of COPY: the server would drop them as well, since
      // a client may not have noticed yet that its COPY failed.
      return drop(client, message, bytes);
  }
}

UnitReader::Step UnitReader::check(const Message& message) {
  if (kMessageTypes.find(message.type) == std::string_view::npos) {
    violation_ = fmt::format("invalid frontend message type {}",
                             static_cast<int>(static_cast<unsigned char>(message.type)));
    return Step::kViolation;
  }
  const bool bodiless = kBodilessTypes.find(message.type) != std::string_view::npos;
  const uint64_t most =
      bodiless ? 4 : std::min<uint64_t>(context_.settings.max_packet_size, 0x3fffffff);
  const uint64_t length = message.length - 1;  // as it is on the wire
  if (length >= 4 && length <= most) return Step::kTaken;
  violation_ = fmt::format("invalid length {} of message type \"{}\"", length, message.type);
  return Step::kViolation;
}

UnitReader::Step UnitReader::take_query(Client& client, const Message& message,
                                        std::string_view& bytes) {
  if (!begin(client)) return Step::kWait;
  if (message.type == 'Q' && message.whole() && message.body().ends_with('\0')) {
    classify(client, message.body().substr(0, message.body().size() - 1));
  } else {
    raise(client, TaskTraffic::kExclusive);
  }
  const Step step = write(client, message, bytes);
  if (step != Step::kTaken) return step;
  // Behind extended messages that have failed, the server skips the Query too.
  if (client.unit_extended && client.unit_failed) return Step::kTaken;
  client.unit_runs_query = message.type == 'Q';
  // They may still fail: the stream stays open, and on_error() lets the client go on to its Sync.
  client.held_by_query = client.unit_extended;
  end_of_unit(client, Feed::kHeld, !client.unit_extended && client.message_left == 0);
  return Step::kTaken;
}

UnitReader::Step UnitReader::take_sync(Client& client, const Message& message,
                                       std::string_view& bytes) {
  if (client.feed == Feed::kBetween && client.worker == 0) {
    bytes.remove_prefix(message.length);
    own_reply_.append({'Z', 0, 0, 0, 5, 'I'});
    return Step::kTaken;
  }
  if (!begin(client)) return Step::kWait;
  const Step step = write(client, message, bytes);
  if (step == Step::kTaken) end_of_unit(client, Feed::kHeld, true);
  return step;
}

UnitReader::Step UnitReader::take_flush(Client& client, const Message& message,
                                        std::string_view& bytes) {
  if (client.feed == Feed::kBetween) return drop(client, message, bytes);
  const Step step = write(client, message, bytes);
  if (step == Step::kTaken) end_of_unit(client, Feed::kOpen, false);
  return step;
}

UnitReader::Step UnitReader::drop(Client& client, const Message& message, std::string_view& bytes) {
  client.discard_left = message.length - message.seen.size();
  bytes.remove_prefix(message.seen.size());
  return Step::kTaken;
}

bool UnitReader::begin(Client& client) {
  if (client.feed != Feed::kBetween) return true;
  if (!dispatcher_.begin_unit(client)) return false;
  client.feed = Feed::kOpen;
  client.unit_extended = client.unit_failed = client.unit_runs_query = false;
  client.unit_has_unnamed = client.unit_begins_unnamed = false;
  client.held_by_query = client.forgets_statements = client.unit_copies = false;
  client.unit_executes = client.unit_synced = client.unit_terminates = false;
  client.traffic = TaskTraffic::kIndependentRead;
  client.unit_began_at = client.active_at = context_.now;
  client.blocked_us = 0;
  return true;
}

UnitReader::Step UnitReader::write(Client& client, const Message& message, std::string_view& bytes,
                                   std::string_view head, std::size_t replaced) {
  const std::string_view rest = message.seen.substr(replaced);
  // A message shown whole is written whole; of a longer one at least its head.
  const std::size_t least = prefix_.size() + head.size() +
                            (message.length <= kWholeMessage ? rest.size() : kMessageHeader);
  if (!has_room(client, least)) return Step::kWait;
  if (!prefix_.empty()) mark_not_plain(client);
  context_.tasks.append(client.task, prefix_);
  context_.tasks.append(client.task, head);
  const std::size_t count = std::min<uint64_t>(rest.size(), context_.tasks.room(client.task));
  context_.tasks.append(client.task, rest.substr(0, count));
  client.message_left = message.length - replaced - count;
  bytes.remove_prefix(replaced + count);
  wrote_ = true;
  publish_if_long(client);
  return Step::kTaken;
}

UnitReader::Step UnitReader::write_instead(Client& client, const Message& message,
                                           std::string_view& bytes) {
  if (!write_directives(client)) return Step::kWait;
  bytes.remove_prefix(message.length);
  return Step::kTaken;
}

bool UnitReader::write_directives(Client& client) {
  if (!has_room(client, prefix_.size())) return false;
  mark_not_plain(client);
  context_.tasks.append(client.task, prefix_);
  wrote_ = true;
  return true;
}

// Of a unit that has been published the worker counts the replies already: the dispatcher has
// marked it, or a COPY has begun.
void UnitReader::mark_not_plain(Client& client) {
  if (!client.published) context_.tasks[client.task].plain = false;
}

// Where there is no room: asks the worker to say when it has taken something (Task::master_waits).
bool UnitReader::has_room(Client& client, std::size_t bytes) {
  client.waits_for_room = false;
  if (context_.tasks.room(client.task) >= bytes) return true;
  if (!client.published) dispatcher_.submit(client, TaskKind::kUnit, false);
  context_.tasks[client.task].master_waits.store(1, std::memory_order_seq_cst);
  client.waits_for_room = context_.tasks.room(client.task) < bytes;
  return !client.waits_for_room;
}

void UnitReader::end_of_unit(Client& client, Feed feed, bool closed) {
  client.feed = feed;
  dispatcher_.submit(client, TaskKind::kUnit, closed && client.message_left == 0);
  wrote_ = false;
}

void UnitReader::publish_if_long(Client& client) {
  if (client.published || context_.tasks.written(client.task) < kLongUnit) return;
  dispatcher_.submit(client, TaskKind::kUnit, false);
  wrote_ = false;
}

}  // namespace pgring
