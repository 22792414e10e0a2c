// The members of a pool in three groups, each in one piece: those in use, the idle ones, and those
// that are neither. Whoever looks for one of them, or counts them, passes over no other, however
// many connections a pool has. A member that becomes idle is the first to be used again, so that
// its memory is still in the processor's cache, and the last ones may time out.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace pgring {

// `T` has a public std::size_t `roster_place`, which belongs to its roster. Not thread-safe; a move
// may change the order of all spans.
template <typename T>
class Roster {
 public:
  enum class Group : uint8_t { kInUse, kIdle, kNeither };

  std::span<T* const> all() const { return members_; }
  std::span<T* const> in_use() const { return all().first(in_use_end_); }
  std::span<T* const> idle() const { return all().subspan(in_use_end_, idle_end_ - in_use_end_); }
  std::span<T* const> neither() const { return all().subspan(idle_end_); }

  // A new member is neither in use nor idle.
  void add(T* member) {
    member->roster_place = members_.size();
    members_.push_back(member);
  }
  void remove(T* member) {
    move(member, Group::kNeither);
    swap(member, members_.back());
    members_.pop_back();
  }
  void move(T* member, Group group) {
    assert(members_[member->roster_place] == member);
    if (group != Group::kInUse && member->roster_place < in_use_end_) {
      swap(member, members_[--in_use_end_]);
    }
    if (group == Group::kNeither && member->roster_place < idle_end_) {
      swap(member, members_[--idle_end_]);
    }
    if (group != Group::kNeither && member->roster_place >= idle_end_) {
      swap(member, members_[idle_end_++]);
    }
    if (group == Group::kInUse && member->roster_place >= in_use_end_) {
      swap(member, members_[in_use_end_++]);
    }
  }

 private:
  void swap(T* one, T* other) {
    std::swap(members_[one->roster_place], members_[other->roster_place]);
    std::swap(one->roster_place, other->roster_place);
  }

  std::vector<T*> members_;
  std::size_t in_use_end_ = 0;
  std::size_t idle_end_ = 0;  // at least in_use_end_
};

}  // namespace pgring
