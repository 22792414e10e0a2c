// The kernel's settings as text: read on Linux from /proc, on Solaris and illumos from ipadm(8) or,
// on releases before 11, ndd(8). Reading and parsing are apart, so that every parser runs anywhere.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace pgring {

struct KernelValue {
  std::string value;
  std::string name;  // as the system's own tool wants it
};

// Linux: by sysctl name ("net.core.somaxconn") or line of /proc/meminfo ("CommitLimit", in bytes).
// Solaris: TCP properties without prefix ("time_wait_interval"); "swap" in bytes.
// Both: "nofile", the hard limit of descriptors, absent if there is none.
// What could not be read is absent.
class KernelValues {
 public:
  void set(const std::string& key, std::string_view value, std::string_view name);
  // Adds all of `others`, which win.
  void add(const KernelValues& others);

  const KernelValue* find(const std::string& key) const;
  // Empty if the value is absent or no number.
  std::optional<uint64_t> number(const std::string& key) const;
  bool empty() const { return values_.empty(); }

 private:
  std::map<std::string, KernelValue> values_;
};

// Digits only, up to the first blank.
std::optional<uint64_t> parse_number(std::string_view text);

// `ipadm show-prop`: tables under a heading that names the columns, any number one below another.
KernelValues parse_ipadm(std::string_view output);
// Lines of "tcp_name value", as the loop around `ndd -get` in kernel_values.cc writes them.
KernelValues parse_ndd(std::string_view output);
// `swap -s`: "... = 1290k used, 98765k available".
KernelValues parse_swap(std::string_view output);
// /proc/meminfo: "CommitLimit:     4030148 kB".
KernelValues parse_meminfo(std::string_view text);

enum class KernelKind : uint8_t { kLinux, kSolarisIpadm, kSolarisNdd };

struct Kernel {
  KernelKind kind;
  KernelValues values;
};
// Of the running system. Runs ipadm, ndd and swap on Solaris.
Kernel read_kernel();

}  // namespace pgring
