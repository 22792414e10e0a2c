// What a database server may send: however it is cut, the same messages with the same bytes come
// out.
#include <string>

#include "tests/fuzz/fuzz_target.h"
#include "worker/reply_cutter.h"

namespace {

struct Cut {
  std::string bytes;
  std::string types;
  bool malformed = false;
};

Cut cut(std::string_view stream, std::size_t piece_size) {
  using Part = pgring::ReplyPiece::Part;
  pgring::ReplyCutter cutter;
  Cut result;
  while (!stream.empty() && !result.malformed) {
    std::string_view part = stream.substr(0, piece_size);
    stream.remove_prefix(part.size());
    for (;;) {
      const pgring::ReplyPiece piece = cutter.next(part);
      if (piece.part == Part::kNone) break;
      if (piece.part == Part::kMalformed) {
        result.malformed = true;
        break;
      }
      result.bytes.append(piece.bytes);
      if (piece.part == Part::kWhole || piece.part == Part::kFirst) result.types += piece.type;
    }
    pgring::fuzz::require(result.malformed || part.empty(), "the input is used up");
  }
  return result;
}

}  // namespace

PGRING_FUZZ_TARGET(replies) {
  const Cut whole = cut(bytes, bytes.size() + 1);
  pgring::fuzz::require(bytes.starts_with(whole.bytes), "bytes pass unchanged");
  for (const std::size_t piece : {1, 2, 7, 100}) {
    const Cut pieces = cut(bytes, piece);
    pgring::fuzz::require(pieces.malformed == whole.malformed, "a cut does not make it malformed");
    pgring::fuzz::require(bytes.starts_with(pieces.bytes), "bytes pass unchanged in pieces");
    if (!whole.malformed) {
      const std::size_t common = std::min(pieces.types.size(), whole.types.size());
      pgring::fuzz::require(pieces.types.substr(0, common) == whole.types.substr(0, common),
                            "messages are the same in pieces");
    }
  }
}
