// The one piece of memory that master and workers share: an anonymous mapping made before the first
// fork, inherited by every child at the same address.
#pragma once

#include <cstddef>
#include <memory>

namespace pgring {

class SharedRegion {
 public:
  // Maps `bytes` of zeroed memory. Throws std::system_error where the system refuses.
  explicit SharedRegion(std::size_t bytes);
  ~SharedRegion();
  SharedRegion(SharedRegion&&) noexcept;
  SharedRegion& operator=(SharedRegion&&) noexcept;

  char* data() const;
  std::size_t size() const;

  // In a forked child that only looks: the first `bytes` can be read and no longer written, the
  // rest is not there any more.
  void keep_for_reading(std::size_t bytes);

 private:
  struct Mapping;
  std::unique_ptr<Mapping> mapping_;
};

}  // namespace pgring
