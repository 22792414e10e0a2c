// Cuts PostgreSQL's reply stream at message boundaries. Purely a parser over bytes as they happen
// to arrive: a message that lies whole in the input is handed out as it is; a small one that is
// split is gathered first; a long one is passed through in pieces.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace pgring {

struct ReplyPiece {
  enum class Part : uint8_t {
    kNone,       // the input is used up
    kWhole,      // a complete message, or several of data (DataRow, CopyData) of one type
    kFirst,      // header and beginning of a message that will be continued
    kMiddle,     // more of it
    kLast,       // the rest of it
    kMalformed,  // no reply of PostgreSQL: the connection must be dropped
  };
  Part part = Part::kNone;
  char type = 0;
  bool gathered = false;   // `bytes` lie in the cutter and are gone with the next call
  std::string_view bytes;  // kWhole, kFirst: with type and length

  std::string_view body() const { return bytes.substr(5); }  // kWhole
};

class ReplyCutter {
 public:
  ReplyCutter();
  // The next piece of `input`, which is shortened by it.
  ReplyPiece next(std::string_view& input);
  // A message has been handed out in part.
  bool inside_message() const { return left_ > 0; }

 private:
  ReplyPiece begin(std::string_view& input);
  ReplyPiece gather(std::string_view& input);

  std::string held_;         // beginning of a message that did not fit into the input
  bool handed_out_ = false;  // held_ was the last piece
  char type_ = 0;
  uint64_t left_ = 0;  // bytes to come of a message passed through in pieces
};

}  // namespace pgring
