// Messages that name prepared statements. The name a client uses is its own; on a connection, which
// serves many clients, the statement bears the name of its dictionary entry.
#include <fmt/format.h>

#include <cstring>

#include "common/wire.h"
#include "master/unit_reader.h"

namespace pgring {
namespace {

// An unnamed statement of a longer Parse is not kept for later units: these bring it along, and it
// must find room in a task before a message that is taken whole.
constexpr uint32_t kMaxKeptUnnamed = kPayloadWindow - 5 * kBlockSize;

// The text up to the next NUL, taken off `bytes`. False where there is none.
bool take_text(std::string_view& bytes, std::string_view& text) {
  const std::size_t end = bytes.find('\0');
  if (end == std::string_view::npos) return false;
  text = bytes.substr(0, end);
  bytes.remove_prefix(end + 1);
  return true;
}

// Only the master writes: no locked instruction is needed.
void count(std::atomic<uint64_t>& counter) {
  counter.store(counter.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

std::string message_of(char type, std::string_view body) {
  std::string message(kMessageHeader, type);
  wire::store32(message.data() + 1, static_cast<uint32_t>(body.size() + 4));
  return message.append(body);
}

}  // namespace

bool UnitReader::tracks_statements(const Client& client) const {
  if (client.mode == PoolMode::kSession) return false;
  // Who has names keeps them, also after a reload that has turned them off.
  return context_.settings.max_prepared_statements > 0 ||
         (client.statements && client.statements->size() > 0);
}

ClientStatements& UnitReader::statements(Client& client) {
  if (!client.statements) {
    client.statements = std::make_unique<ClientStatements>(context_.dictionary);
  }
  return *client.statements;
}

UnitReader::Step UnitReader::take_parse(Client& client, const Message& message,
                                        std::string_view& bytes) {
  std::string_view body = message.body(), name, sql;
  const bool first = client.feed == Feed::kBetween;
  const bool session = client.mode == PoolMode::kSession;
  const bool readable = take_text(body, name);
  if (!session && !readable && !message.whole()) {
    violation_ = "name in a Parse message is too long";
    return Step::kViolation;
  }
  if (session || !readable || (!name.empty() && !tracks_statements(client))) {
    if (!begin(client)) return Step::kWait;
    client.unit_extended = true;
    raise(client, TaskTraffic::kExclusive);
    return write(client, message, bytes);
  }
  if (!name.empty() && message.length > kMaxStatementLength) {
    violation_ = fmt::format("prepared statement is too long: {} bytes, at most {} can be kept",
                             message.length, kMaxStatementLength);
    return Step::kViolation;
  }
  const uint32_t most_kept = name.empty() ? kMaxKeptUnnamed : kMaxStatementLength;
  if (!message.whole() && message.length <= most_kept) return Step::kWait;
  if (!begin(client)) return Step::kWait;
  client.unit_extended = true;
  const std::string_view parse_body = body;
  if (name.empty()) {
    if (message.whole() && take_text(body, sql)) {
      classify(client, sql);
    } else {
      raise(client, TaskTraffic::kExclusive);
    }
    ClientStatements& own = statements(client);
    const uint64_t serial = next_unnamed_serial_++;
    client.unit_has_unnamed = true;
    if (message.length > most_kept) {  // lives until this unit ends
      own.unnamed.clear();
    } else if (first && client.worker == 0) {
      client.unit_begins_unnamed = true;
      // Whether it succeeds can be told from the first message of the reply.
      own.unnamed = message.seen;
      own.unnamed_serial = serial;
    } else {
      add_directive(Directive::kOwnUnnamed,
                    {reinterpret_cast<const char*>(&serial), sizeof serial});
      const Step step = write(client, message, bytes);
      if (step == Step::kTaken) own.expect_unnamed(message.seen, serial);
      return step;
    }
    return write(client, message, bytes);
  }
  if (statements(client).find(name) != kNoStatement) {
    // The server must refuse it as it would on a connection of the client's own: with its own
    // words, after it has read the text. So the name is made to exist there.
    add_hidden_close(name);
    add_hidden_parse(name);
    return write(client, message, bytes);
  }
  if (!take_text(body, sql)) return write(client, message, bytes);  // the server will complain
  const TaskTraffic traffic = classify_text(client, sql);
  std::string reading(context_.parameter_sets.reading(client.parameter_set));
  uint32_t entry = context_.dictionary.acquire(parse_body, reading, traffic);
  while (entry != kNoStatement && client.statements->uses(entry)) {
    context_.dictionary.drop_reference(entry);
    reading.push_back('\1');  // another entry for this client's second name
    entry = context_.dictionary.acquire(parse_body, reading, traffic);
  }
  if (entry == kNoStatement) {
    violation_ = "too many prepared statements are in use";
    return Step::kViolation;
  }
  add_reference(Directive::kPrepare, entry);
  const Step step = write_instead(client, message, bytes);
  if (step == Step::kTaken) {
    client.statements->expect_prepare(name, entry);
    count(context_.state.lanes[client.pool->lane].stats.client_parses);
  } else {
    context_.dictionary.drop_reference(entry);
  }
  return step;
}

UnitReader::Step UnitReader::take_bind(Client& client, const Message& message,
                                       std::string_view& bytes) {
  std::string_view body = message.body(), portal, name;
  const bool readable = take_text(body, portal) && take_text(body, name);
  if (!readable && !message.whole()) {
    violation_ = "names in a Bind message are too long";
    return Step::kViolation;
  }
  if (!begin(client)) return Step::kWait;
  client.unit_extended = true;
  if (!readable || client.mode == PoolMode::kSession) {
    raise(client, TaskTraffic::kExclusive);
    return write(client, message, bytes);
  }
  const std::string_view server_name = refer_to(client, name);
  if (server_name == name) return write(client, message, bytes);
  rewritten_.assign(kMessageHeader, 'B');
  wire::store32(rewritten_.data() + 1,
                static_cast<uint32_t>(message.length - 1 - name.size() + server_name.size()));
  rewritten_.append(portal).push_back('\0');
  rewritten_.append(server_name).push_back('\0');
  const Step step = write(client, message, bytes, rewritten_,
                          kMessageHeader + portal.size() + 1 + name.size() + 1);
  if (step == Step::kTaken) count(context_.state.lanes[client.pool->lane].stats.binds);
  return step;
}

UnitReader::Step UnitReader::take_describe_or_close(Client& client, const Message& message,
                                                    std::string_view& bytes) {
  std::string_view body = message.body(), name;
  const bool of_statement = body.starts_with('S') && client.mode != PoolMode::kSession;
  if (!body.empty()) body.remove_prefix(1);
  if (!message.whole()) {
    violation_ = "name in a Describe or Close message is too long";
    return Step::kViolation;
  }
  if (!begin(client)) return Step::kWait;
  client.unit_extended = true;
  if (!of_statement || !take_text(body, name)) return write(client, message, bytes);
  if (message.type == 'C') {
    const bool known = client.statements && client.statements->find(name) != kNoStatement;
    if (name.empty() && client.statements) client.statements->unnamed.clear();
    if (name.empty() || !known) return write(client, message, bytes);
    add_directive(Directive::kForget, {});
    const Step step = write_instead(client, message, bytes);
    if (step == Step::kTaken) client.statements->expect_forget(name);
    return step;
  }
  const std::string_view server_name = refer_to(client, name);
  if (server_name == name) return write(client, message, bytes);
  rewritten_ = message_of('D', fmt::format("S{}{}", server_name, '\0'));
  return write(client, message, bytes, rewritten_, message.length);
}

std::string_view UnitReader::refer_to(Client& client, std::string_view name) {
  if (name.empty()) {
    if (client.unit_has_unnamed) return name;
    ClientStatements& own = statements(client);
    if (own.unnamed.empty()) {
      add_hidden_close(name);
      return name;
    }
    std::string_view text = std::string_view(own.unnamed).substr(kMessageHeader + 1), sql;
    if (take_text(text, sql)) classify(client, sql);
    add_directive(Directive::kUnnamed,
                  {reinterpret_cast<const char*>(&own.unnamed_serial), sizeof own.unnamed_serial},
                  own.unnamed);
    return name;
  }
  if (!tracks_statements(client)) {
    raise(client, TaskTraffic::kExclusive);
    return name;
  }
  const uint32_t entry = client.statements ? client.statements->find(name) : kNoStatement;
  if (entry == kNoStatement) {
    add_hidden_close(name);  // whatever another client's mistake has left there
    return name;
  }
  raise(client, client.classifiable ? context_.dictionary[entry].traffic : TaskTraffic::kExclusive);
  add_reference(Directive::kUse, entry);
  server_name_.clear();
  fmt::format_to(std::back_inserter(server_name_), "pgring_{}", context_.dictionary[entry].serial);
  return server_name_;
}

void UnitReader::add_directive(Directive type, std::string_view body, std::string_view more) {
  char length[4];
  wire::store32(length, static_cast<uint32_t>(4 + body.size() + more.size()));
  prefix_.append(1, static_cast<char>(type)).append(length, sizeof length);
  prefix_.append(body).append(more);
}

void UnitReader::add_reference(Directive type, uint32_t entry) {
  const StatementRef reference{entry, 0, context_.dictionary[entry].serial};
  add_directive(type, {reinterpret_cast<const char*>(&reference), sizeof reference});
}

void UnitReader::add_hidden_close(std::string_view name) {
  add_directive(Directive::kHidden, message_of('C', fmt::format("S{}{}", name, '\0')));
}

void UnitReader::add_hidden_parse(std::string_view name) {
  add_directive(Directive::kHidden, message_of('P', fmt::format("{0}{1}{1}{1}{1}", name, '\0')));
}

}  // namespace pgring
