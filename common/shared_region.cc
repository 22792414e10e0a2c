// Boost.Interprocess gives the anonymous mapping. Its mapped_region.hpp does not compile on illumos
// (madvise takes a caddr_t there), so that a plain mmap stands in where PGRING_PLAIN_MMAP is set.
#include "common/shared_region.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#ifdef PGRING_PLAIN_MMAP

namespace pgring {
struct SharedRegion::Mapping {
  explicit Mapping(std::size_t bytes)
      : address(mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANON, -1, 0)),
        size(bytes) {
    if (address == MAP_FAILED) throw std::system_error(errno, std::system_category(), "mmap");
  }
  ~Mapping() { munmap(static_cast<char*>(address), size); }
  void* get_address() const { return address; }
  std::size_t get_size() const { return size; }
  void* address;
  std::size_t size;
};
#else
#include <boost/interprocess/anonymous_shared_memory.hpp>

namespace pgring {
namespace {
boost::interprocess::mapped_region map_anonymous(std::size_t bytes) {
  try {
    return boost::interprocess::anonymous_shared_memory(bytes);
  } catch (const boost::interprocess::interprocess_exception& e) {
    throw std::system_error(e.get_native_error(), std::system_category(), "shared memory");
  }
}
}  // namespace

struct SharedRegion::Mapping {
  explicit Mapping(std::size_t bytes) : region(map_anonymous(bytes)) {}
  void* get_address() const { return region.get_address(); }
  std::size_t get_size() const { return region.get_size(); }
  boost::interprocess::mapped_region region;
};
#endif

SharedRegion::SharedRegion(std::size_t bytes) : mapping_(std::make_unique<Mapping>(bytes)) {}
SharedRegion::~SharedRegion() = default;
SharedRegion::SharedRegion(SharedRegion&&) noexcept = default;
SharedRegion& SharedRegion::operator=(SharedRegion&&) noexcept = default;

char* SharedRegion::data() const { return static_cast<char*>(mapping_->get_address()); }
std::size_t SharedRegion::size() const { return mapping_->get_size(); }

void SharedRegion::keep_for_reading(std::size_t bytes) {
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  const std::size_t kept = (bytes + page - 1) / page * page;
  if (mprotect(data(), kept, PROT_READ) != 0) {
    throw std::system_error(errno, std::system_category(), "mprotect");
  }
  if (kept < size()) munmap(data() + kept, size() - kept);
}

}  // namespace pgring
