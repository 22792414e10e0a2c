// The prepared statements that one client has named, and the changes that a unit under way will
// make to them once the server has confirmed it.
#pragma once

#include <boost/container/flat_map.hpp>
#include <boost/container/small_vector.hpp>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "master/statement_dictionary.h"

namespace pgring {

class ClientStatements {
 public:
  explicit ClientStatements(StatementDictionary& dictionary) : dictionary_(dictionary) {}
  ~ClientStatements() { forget_all(); }
  ClientStatements(const ClientStatements&) = delete;
  ClientStatements& operator=(const ClientStatements&) = delete;

  // The dictionary entry that `name` means after what the unit has said so far; kNoStatement.
  uint32_t find(std::string_view name) const;

  // Whether one of the client's names stands for the entry. Two names never share one: an error
  // must be able to say which was meant.
  bool uses(uint32_t entry) const;
  // The unit prepares or closes a name, in order. `entry` brings its reference.
  void expect_prepare(std::string_view name, uint32_t entry);
  void expect_forget(std::string_view name);
  // The unnamed statement is made anew by a Parse that the worker watches.
  void expect_unnamed(std::string_view parse, uint64_t serial);
  // The unit has ended: the first `count` changes took place, the others did not. A Parse of the
  // unnamed statement drops the old one even when it fails; one that was skipped leaves it alone.
  void settle(uint32_t count, bool unnamed_failed = false);
  // The client has changed how the server reads its texts' bytes. A connection that meets one of
  // those concerned for the first time would take it for another: they are forgotten.
  void forget_misread(bool encoding_changed, bool standard_strings_changed);
  // DEALLOCATE ALL or DISCARD ALL has succeeded.
  void forget_all();

  // The unnamed statement: the whole Parse message by which it can be made again.
  std::string unnamed;
  uint64_t unnamed_serial = 0;

  uint32_t size() const { return static_cast<uint32_t>(names_.size()); }
  // Replaces server names ("pgring_17") in an error text by what this client calls them.
  std::string with_own_names(std::string_view text) const;

 private:
  struct Change {
    std::string name;   // empty: the unnamed statement
    uint32_t entry;     // kNoStatement: the name is closed
    std::string parse;  // of the unnamed statement
    uint64_t serial;
  };
  // The first name lies in the object itself, where no pointer has to be followed to it.
  using Names = boost::container::small_flat_map<std::string, uint32_t, 1, std::less<>>;
  void erase(std::string_view name);

  StatementDictionary& dictionary_;
  std::vector<Change> changes_;
  Names names_;
};

}  // namespace pgring
