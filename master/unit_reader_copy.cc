// Units whose way on only the server can say: COPY FROM STDIN, and Terminate where Sync should be.
#include "master/unit_reader.h"

namespace pgring {
namespace {

// Where the stream stands once a COPY is over, or its unit has failed.
Feed after_copy(const Client& client) {
  return client.unit_failed && client.unit_synced ? Feed::kCopyIn : Feed::kOpen;
}

}  // namespace

// The server ignores Flush and Sync in copy-in mode; whatever else comes is its business too. As
// long as it is not known whether a Sync has ended the unit, because the COPY had failed, messages
// are not translated: they may be the beginning of another unit.
UnitReader::Step UnitReader::take_in_copy(Client& client, const Message& message,
                                          std::string_view& bytes) {
  if (message.type == 'X') return pass_terminate(client, message, bytes);
  const Step step = write(client, message, bytes);
  if (step != Step::kTaken) return step;
  const bool copy_ends = message.type == 'c' || message.type == 'f';
  if (message.type == 'S' && client.unit_extended && client.unit_failed) {
    end_of_unit(client, Feed::kHeld, true);
  } else if (message.type == 'S') {
    client.unit_synced = true;
  } else if (copy_ends && client.unit_runs_query) {
    end_of_unit(client, Feed::kHeld, client.message_left == 0);
  } else if (copy_ends) {
    client.feed = after_copy(client);
  }
  return Step::kTaken;
}

// What the message means, only the server can say.
UnitReader::Step UnitReader::ask(Client& client) {
  const auto number = static_cast<char>(++client.asked);
  add_directive(Directive::kAsk, {&number, 1});
  if (write_directives(client)) end_of_unit(client, Feed::kAsked, false);
  return Step::kWait;
}

// The server still runs what stands in front of it, says what has failed, and leaves.
UnitReader::Step UnitReader::take_terminate(Client& client, const Message& message,
                                            std::string_view& bytes) {
  const bool runs = client.feed == Feed::kOpen && !client.unit_failed;
  return runs ? pass_terminate(client, message, bytes) : Step::kTerminate;
}

UnitReader::Step UnitReader::pass_terminate(Client& client, const Message& message,
                                            std::string_view& bytes) {
  raise(client, TaskTraffic::kExclusive);
  const Step step = write(client, message, bytes);
  if (step != Step::kTaken) return step;
  mark_not_plain(client);
  client.unit_terminates = true;
  end_of_unit(client, Feed::kHeld, true);
  return Step::kTaken;
}

void UnitReader::on_copy_in(Client& client) {
  // The Sync behind the Execute stands in the data.
  if (client.feed == Feed::kHeld && !client.unit_runs_query) client.unit_synced = true;
  client.feed = Feed::kCopyIn;
  client.unit_copies = true;
  client.unit_executes = false;
}

void UnitReader::on_error(Client& client, bool of_query) {
  client.unit_failed = true;
  if (client.feed == Feed::kOpen || client.feed == Feed::kAsked) client.feed = after_copy(client);
  if (of_query || !client.held_by_query) return;
  client.held_by_query = client.unit_runs_query = false;
  if (client.feed == Feed::kHeld) client.feed = Feed::kOpen;
}

bool UnitReader::on_answered(Client& client, uint8_t number) {
  if (client.feed != Feed::kAsked || number != client.asked) return false;
  client.feed = Feed::kOpen;
  client.unit_executes = client.unit_synced = false;
  return true;
}

}  // namespace pgring
