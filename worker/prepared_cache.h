// Which statements of the dictionary a database connection holds, in the order of their last use.
// Reflects what has been *sent*: a Parse counts as held at once, so that units behind it in the
// line need not bring their own; `confirmed` tells whether the server has answered it.
#pragma once

#include <cstdint>
#include <vector>

namespace pgring {

class PreparedCache {
 public:
  PreparedCache();

  bool holds(uint64_t serial) const { return find(serial) != kNil; }
  bool confirmed(uint64_t serial) const;
  void confirm(uint64_t serial);
  // Makes it the most recently used one; it must be held.
  void touch(uint64_t serial);
  // Must not be held yet. `recent`: as the most recently used one, else as the next to go.
  void insert(uint64_t serial, bool recent, bool confirmed);
  void erase(uint64_t serial);
  void clear();
  // The least recently used one; 0 if there is none.
  uint64_t oldest() const { return tail_ == kNil ? 0 : nodes_[tail_].serial; }
  uint32_t size() const { return size_; }

 private:
  static constexpr uint32_t kNil = 0xffffffff;
  struct Node {
    uint64_t serial;
    uint32_t newer, older;  // neighbours in order of use
    uint32_t next;          // in the bucket, or of the free list
    bool confirmed;
  };

  uint32_t bucket_of(uint64_t serial) const {
    return static_cast<uint32_t>(serial) & static_cast<uint32_t>(buckets_.size() - 1);
  }
  uint32_t find(uint64_t serial) const;
  void link(uint32_t node, bool recent);
  void unlink(uint32_t node);
  void rehash();

  std::vector<Node> nodes_;
  std::vector<uint32_t> buckets_;  // serials are counted up, so their low bits spread well
  uint32_t free_ = kNil;
  uint32_t head_ = kNil;  // most recently used
  uint32_t tail_ = kNil;
  uint32_t size_ = 0;
};

}  // namespace pgring
