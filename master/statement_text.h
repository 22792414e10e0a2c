// What a client's unit has run, for the log: the texts of its statements, taken from the task's
// payload in shared memory or the dictionary while the task is still the client's. Bind's
// parameters are never looked at.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/directive.h"
#include "master/client.h"
#include "master/context.h"

namespace pgring {

class StatementText {
 public:
  explicit StatementText(const Context& context) : context_(context) {}

  // At most `limit` bytes, then "..." where there was more; several statements are separated by
  // "; ". Lives until the next call. Of a unit so long that its first part has been overwritten,
  // the inline bytes are left.
  std::string_view of(const Client& client, std::size_t limit);

 private:
  struct Message {
    char type;
    uint64_t body;  // where it begins in the payload
    uint64_t end;   // may lie behind what is kept
  };
  bool next(uint64_t position, Message& message) const;
  // Adds what the message tells. False where nothing more is to be looked at.
  bool add(const Message& message);
  void add_entry(uint64_t position);
  void add_bind(const Message& message);
  void add_text(std::string_view text);
  void add_payload_text(uint64_t position, const Message& message);
  void append_until_nul(uint64_t position, uint64_t end);
  // Behind the NUL of the text that begins at `position`.
  uint64_t skip_text(uint64_t position) const;
  void begin_text();
  bool full() const { return text_.size() > limit_; }

  const Context& context_;
  const Task* task_ = nullptr;
  uint64_t end_ = 0;  // of what is kept of the payload
  std::size_t limit_ = 0;
  uint32_t entry_ = kNoStatement;  // the dictionary's, that was added last
  bool cut_ = false;
  std::string text_;
};

}  // namespace pgring
