// Reading a payload for its texts. Its lengths lie in shared memory and are checked, not trusted.
#include "master/statement_text.h"

#include <algorithm>

#include "common/log_record.h"
#include "common/payload.h"
#include "common/wire.h"

namespace pgring {
namespace {

constexpr std::string_view kCut = "...";

}  // namespace

std::string_view StatementText::of(const Client& client, std::size_t limit) {
  text_.clear();
  if (limit == 0 || client.task == kNoTask) return {};
  const bool whole = context_.tasks.is_whole(client.task);
  const uint64_t written = context_.tasks.written(client.task);
  task_ = &context_.state.tasks[client.task];
  end_ = whole ? written : std::min<uint64_t>(written, kInlinePayload);
  limit_ = limit;
  entry_ = kNoStatement;
  cut_ = false;
  Message message{};
  for (uint64_t position = 0; !full() && next(position, message); position = message.end) {
    if (!add(message)) break;
  }
  if (full() || cut_) {
    text_.resize(utf8_prefix(text_, limit_).size());
    text_.append(kCut);
  }
  return text_;
}

bool StatementText::next(uint64_t position, Message& message) const {
  if (position + kMessageHeader > end_) return false;
  char header[kMessageHeader];
  copy_payload(context_.state, *task_, position, header, sizeof header);
  const uint64_t length = wire::load32(header + 1);
  message = {header[0], position + kMessageHeader, position + 1 + length};
  return length >= 4;
}

bool StatementText::add(const Message& message) {
  // A complete Parse message follows these: behind a serial, or at once.
  constexpr uint64_t kSerial = sizeof(uint64_t);
  switch (message.type) {
    case 'Q':
      add_payload_text(message.body, message);
      return false;
    case 'F':
      add_text("function call");
      return false;
    case 'P':
      add_payload_text(skip_text(message.body), message);
      return true;
    case 'B':
      add_bind(message);
      return true;
    case 'd':
      return false;
    case static_cast<char>(Directive::kUse):
    case static_cast<char>(Directive::kPrepare):
      add_entry(message.body);
      return true;
    case static_cast<char>(Directive::kUnnamed):
      add_payload_text(skip_text(message.body + kSerial + kMessageHeader), message);
      return true;
    default:
      return true;
  }
}

void StatementText::add_entry(uint64_t position) {
  StatementRef reference{};
  if (position + sizeof reference > end_) return;
  copy_payload(context_.state, *task_, position, reinterpret_cast<char*>(&reference),
               sizeof reference);
  if (reference.entry >= kMaxStatements || reference.entry == entry_) return;
  if (context_.dictionary[reference.entry].serial != reference.serial) return;
  entry_ = reference.entry;
  add_text(context_.dictionary.text(reference.entry));
}

// Of a statement that an earlier unit has prepared under a name of the server's own (in session
// pooling) only that name is known.
void StatementText::add_bind(const Message& message) {
  if (!text_.empty()) return;
  const uint64_t name = skip_text(message.body);
  char first = 0;
  if (name < std::min(end_, message.end)) copy_payload(context_.state, *task_, name, &first, 1);
  if (first == 0) return;
  text_.assign("execute ");
  append_until_nul(name, message.end);
}

void StatementText::add_text(std::string_view text) {
  begin_text();
  text_.append(text.substr(0, limit_ + 1));
}

void StatementText::add_payload_text(uint64_t position, const Message& message) {
  begin_text();
  append_until_nul(position, message.end);
}

void StatementText::begin_text() {
  if (!text_.empty()) text_.append("; ");
}

void StatementText::append_until_nul(uint64_t position, uint64_t end) {
  end = std::min(end_, end);
  while (position < end && !full()) {
    const std::string_view piece = payload_at(context_.state, *task_, position, end);
    const std::string_view part = piece.substr(0, piece.find('\0'));
    text_.append(part.substr(0, limit_ + 1));
    if (part.size() < piece.size()) return;
    position += piece.size();
  }
  cut_ = true;
}

uint64_t StatementText::skip_text(uint64_t position) const {
  while (position < end_) {
    const std::string_view piece = payload_at(context_.state, *task_, position, end_);
    const std::size_t nul = piece.find('\0');
    if (nul != std::string_view::npos) return position + nul + 1;
    position += piece.size();
  }
  return end_;
}

}  // namespace pgring
