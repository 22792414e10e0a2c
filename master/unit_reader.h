// Cuts a client's byte stream into units and writes them, annotated for the worker, into tasks. It
// looks at message headers, at statement names, and at SQL text only to classify it.
// Source: PostgreSQL manual, "Message Flow".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/directive.h"
#include "master/client.h"
#include "master/context.h"
#include "master/dispatcher.h"
#include "master/recent_statements.h"

namespace pgring {

enum class ReadVerdict : uint8_t {
  kContinue,   // everything that could be taken was taken
  kTerminate,  // the client has said good-bye
  kViolation,  // the client broke the protocol; see violation()
};

class UnitReader {
 public:
  UnitReader(Context& context, Dispatcher& dispatcher)
      : context_(context), dispatcher_(dispatcher) {}

  // Takes bytes from the front of `bytes`; what stays must be offered again when more has come or
  // the client's unit has ended. Sets client.waits_for_room where memory holds it up.
  ReadVerdict take(Client& client, std::string_view& bytes);
  // Bytes of ReadyForQuery and such that the master itself owes the client.
  std::string& own_reply() { return own_reply_; }
  const std::string& violation() const { return violation_; }

  // Something of the unit's reply decides how its input goes on.
  static void on_copy_in(Client& client);
  // `of_query`: in a Query; else the server skips what comes up to the next Sync.
  static void on_error(Client& client, bool of_query);
  // False: it had not asked, or has been answered otherwise since.
  static bool on_answered(Client& client, uint8_t number);

 private:
  enum class Step : uint8_t { kTaken, kWait, kTerminate, kViolation };
  struct Message {
    char type;
    uint64_t length;        // of the whole message, type included
    std::string_view seen;  // as much of it as is there, header included
    bool whole() const { return seen.size() == length; }
    std::string_view body() const { return seen.substr(5); }
  };

  Step pass_on(Client& client, std::string_view& bytes);
  Step take_message(Client& client, std::string_view& bytes);
  Step check(const Message& message);
  Step take_query(Client& client, const Message& message, std::string_view& bytes);
  Step take_parse(Client& client, const Message& message, std::string_view& bytes);
  Step take_bind(Client& client, const Message& message, std::string_view& bytes);
  Step take_describe_or_close(Client& client, const Message& message, std::string_view& bytes);
  Step take_sync(Client& client, const Message& message, std::string_view& bytes);
  Step take_flush(Client& client, const Message& message, std::string_view& bytes);
  Step take_in_copy(Client& client, const Message& message, std::string_view& bytes);
  Step take_terminate(Client& client, const Message& message, std::string_view& bytes);
  Step pass_terminate(Client& client, const Message& message, std::string_view& bytes);
  Step drop(Client& client, const Message& message, std::string_view& bytes);

  Step ask(Client& client);
  bool begin(Client& client);
  // Writes the directives gathered, then what is there of the message, and remembers how much is to
  // come. `head`, if given, stands for the message's first `replaced` bytes.
  Step write(Client& client, const Message& message, std::string_view& bytes,
             std::string_view head = {}, std::size_t replaced = 0);
  // Writes the directives gathered in place of the message.
  Step write_instead(Client& client, const Message& message, std::string_view& bytes);
  bool write_directives(Client& client);
  bool has_room(Client& client, std::size_t bytes);
  void mark_not_plain(Client& client);
  void end_of_unit(Client& client, Feed feed, bool closed);
  void publish_if_long(Client& client);
  // What may share a connection with the unit, now that `sql` is in it.
  void classify(Client& client, std::string_view sql);
  TaskTraffic classify_text(const Client& client, std::string_view sql);
  void raise(Client& client, TaskTraffic traffic);
  bool tracks_statements(const Client& client) const;
  ClientStatements& statements(Client& client);

  void add_directive(Directive type, std::string_view body, std::string_view more = {});
  void add_hidden_close(std::string_view name);
  void add_hidden_parse(std::string_view name);
  void add_reference(Directive type, uint32_t entry);
  // Adds the directives that make the statement `name` what the client means by it on whatever
  // connection; returns the name by which the message must call it.
  std::string_view refer_to(Client& client, std::string_view name);

  Context& context_;
  Dispatcher& dispatcher_;
  RecentStatements recent_;
  std::string prefix_;     // directives in front of the message being taken
  std::string rewritten_;  // its changed head
  std::string server_name_;
  std::string own_reply_;
  std::string violation_;
  uint64_t next_unnamed_serial_ = 1;
  bool wrote_ = false;  // something the workers have not been shown
};

}  // namespace pgring
