// A hash table with chaining whose nodes also form the list of use.
#include "worker/prepared_cache.h"

#include <cassert>

namespace pgring {

PreparedCache::PreparedCache() : buckets_(64, kNil) {}

uint32_t PreparedCache::find(uint64_t serial) const {
  uint32_t node = buckets_[bucket_of(serial)];
  while (node != kNil && nodes_[node].serial != serial) node = nodes_[node].next;
  return node;
}

bool PreparedCache::confirmed(uint64_t serial) const {
  const uint32_t node = find(serial);
  return node != kNil && nodes_[node].confirmed;
}

void PreparedCache::confirm(uint64_t serial) {
  const uint32_t node = find(serial);
  if (node != kNil) nodes_[node].confirmed = true;
}

void PreparedCache::touch(uint64_t serial) {
  const uint32_t node = find(serial);
  assert(node != kNil);
  if (node == head_) return;
  unlink(node);
  link(node, true);
}

void PreparedCache::insert(uint64_t serial, bool recent, bool confirmed) {
  assert(!holds(serial));
  if (size_ >= buckets_.size()) rehash();
  uint32_t node = free_;
  if (node == kNil) {
    node = static_cast<uint32_t>(nodes_.size());
    nodes_.push_back({});
  } else {
    free_ = nodes_[node].next;
  }
  uint32_t& bucket = buckets_[bucket_of(serial)];
  nodes_[node] = {serial, kNil, kNil, bucket, confirmed};
  bucket = node;
  link(node, recent);
  ++size_;
}

void PreparedCache::erase(uint64_t serial) {
  uint32_t* at = &buckets_[bucket_of(serial)];
  while (*at != kNil && nodes_[*at].serial != serial) at = &nodes_[*at].next;
  if (*at == kNil) return;
  const uint32_t node = *at;
  *at = nodes_[node].next;
  unlink(node);
  nodes_[node].next = free_;
  free_ = node;
  --size_;
}

void PreparedCache::clear() {
  buckets_.assign(buckets_.size(), kNil);
  nodes_.clear();
  free_ = head_ = tail_ = kNil;
  size_ = 0;
}

void PreparedCache::link(uint32_t node, bool recent) {
  uint32_t& end = recent ? head_ : tail_;
  nodes_[node].newer = recent ? kNil : tail_;
  nodes_[node].older = recent ? head_ : kNil;
  if (end != kNil) (recent ? nodes_[end].newer : nodes_[end].older) = node;
  end = node;
  if (head_ == kNil) head_ = node;
  if (tail_ == kNil) tail_ = node;
}

void PreparedCache::unlink(uint32_t node) {
  const uint32_t newer = nodes_[node].newer;
  const uint32_t older = nodes_[node].older;
  (newer == kNil ? head_ : nodes_[newer].older) = older;
  (older == kNil ? tail_ : nodes_[older].newer) = newer;
}

void PreparedCache::rehash() {
  buckets_.assign(buckets_.size() * 2, kNil);
  for (uint32_t node = head_; node != kNil; node = nodes_[node].older) {
    uint32_t& bucket = buckets_[bucket_of(nodes_[node].serial)];
    nodes_[node].next = bucket;
    bucket = node;
  }
}

}  // namespace pgring
