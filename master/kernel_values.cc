// Reading and parsing the kernel's settings.
#include "master/kernel_values.h"

#include <sys/resource.h>
#include <sys/utsname.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <memory>
#include <vector>

namespace pgring {
namespace {

constexpr std::string_view kBlanks = " \t\r";

constexpr std::array<const char*, 11> kSysctls = {
    "net.core.somaxconn",
    "net.ipv4.tcp_max_syn_backlog",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_tw_reuse",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_local_reserved_ports",
    "fs.file-max",
    "vm.overcommit_memory",
};

// Private properties are spelled with an underscore, public ones without; a release that does not
// know a spelling complains on stderr and goes on.
constexpr const char* kIpadm =
    "for p in _time_wait_interval _fin_wait_2_flush_interval _keepalive_interval _conn_req_max_q "
    "_conn_req_max_q0 smallest_anon_port largest_anon_port; do "
    "/usr/sbin/ipadm show-prop -p $p tcp; done 2>/dev/null";
constexpr const char* kNdd =
    "for p in tcp_time_wait_interval tcp_fin_wait_2_flush_interval tcp_keepalive_interval "
    "tcp_conn_req_max_q tcp_conn_req_max_q0 tcp_smallest_anon_port tcp_largest_anon_port; do "
    "echo $p `/usr/sbin/ndd -get /dev/tcp $p`; done 2>/dev/null";
constexpr const char* kSwap = "/usr/sbin/swap -s 2>/dev/null";

// Cuts the first line off.
std::string_view next_line(std::string_view* text) {
  const std::size_t end = text->find('\n');
  const std::string_view line = text->substr(0, end);
  text->remove_prefix(end == std::string_view::npos ? text->size() : end + 1);
  return line;
}

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  for (std::size_t at = 0; (at = line.find_first_not_of(kBlanks, at)) != std::string_view::npos;) {
    const std::size_t end = std::min(line.find_first_of(kBlanks, at), line.size());
    words.push_back(line.substr(at, end - at));
    at = end;
  }
  return words;
}

// "_time_wait_interval" and "tcp_time_wait_interval" are the same property.
std::string without_prefix(std::string_view name) {
  if (name.starts_with("tcp")) name.remove_prefix(3);
  if (name.starts_with("_")) name.remove_prefix(1);
  return std::string(name);
}

std::string output_of(const char* command) {
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command, "r"), &::pclose);
  std::string output;
  if (pipe == nullptr) return output;
  std::array<char, 1024> chunk;
  while (const std::size_t got = std::fread(chunk.data(), 1, chunk.size(), pipe.get())) {
    output.append(chunk.data(), got);
  }
  return output;
}

std::string file_content(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

KernelValues read_linux() {
  KernelValues values = parse_meminfo(file_content("/proc/meminfo"));
  for (const std::string name : kSysctls) {
    std::string path = "/proc/sys/" + name;
    for (char& c : path) c = c == '.' ? '/' : c;
    const std::string text = file_content(path);
    std::string_view rest = text;
    if (!text.empty()) values.set(name, next_line(&rest), name);
  }
  return values;
}

void read_descriptor_limit(KernelValues* values) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_max == RLIM_INFINITY) return;
  values->set("nofile", std::to_string(limit.rlim_max), "nofile");
}

}  // namespace

void KernelValues::set(const std::string& key, std::string_view value, std::string_view name) {
  values_.insert_or_assign(key, KernelValue{std::string(value), std::string(name)});
}

void KernelValues::add(const KernelValues& others) {
  for (const auto& [key, value] : others.values_) values_.insert_or_assign(key, value);
}

const KernelValue* KernelValues::find(const std::string& key) const {
  const auto found = values_.find(key);
  return found == values_.end() ? nullptr : &found->second;
}

std::optional<uint64_t> KernelValues::number(const std::string& key) const {
  const KernelValue* value = find(key);
  return value == nullptr ? std::nullopt : parse_number(value->value);
}

std::optional<uint64_t> parse_number(std::string_view text) {
  uint64_t number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool ended = parsed.ptr == text.data() + text.size() ||
                     kBlanks.find(*parsed.ptr) != std::string_view::npos;
  return parsed.ec == std::errc() && ended ? std::optional(number) : std::nullopt;
}

KernelValues parse_ipadm(std::string_view output) {
  KernelValues values;
  std::size_t property = 0;
  std::size_t current = 0;
  while (!output.empty()) {
    const std::vector<std::string_view> words = words_of(next_line(&output));
    if (!words.empty() && words[0] == "PROTO") {
      for (std::size_t i = 0; i < words.size(); ++i) {
        if (words[i] == "PROPERTY") property = i;
        if (words[i] == "CURRENT") current = i;
      }
      continue;
    }
    // Zero, the protocol's column, means that no heading has come.
    if (property == 0 || current == 0 || words.size() <= std::max(property, current)) continue;
    if (!parse_number(words[current])) continue;
    values.set(without_prefix(words[property]), words[current], words[property]);
  }
  return values;
}

KernelValues parse_ndd(std::string_view output) {
  KernelValues values;
  while (!output.empty()) {
    const std::vector<std::string_view> words = words_of(next_line(&output));
    if (words.size() != 2 || !parse_number(words[1])) continue;
    values.set(without_prefix(words[0]), words[1], words[0]);
  }
  return values;
}

KernelValues parse_swap(std::string_view output) {
  KernelValues values;
  const std::vector<std::string_view> words = words_of(next_line(&output));
  if (words.size() < 2 || words.back() != "available") return values;
  std::string_view amount = words[words.size() - 2];
  if (!amount.ends_with('k')) return values;
  amount.remove_suffix(1);
  if (const auto kilobytes = parse_number(amount)) {
    values.set("swap", std::to_string(*kilobytes * 1024), "swap");
  }
  return values;
}

KernelValues parse_meminfo(std::string_view text) {
  KernelValues values;
  while (!text.empty()) {
    const std::vector<std::string_view> words = words_of(next_line(&text));
    if (words.size() != 3 || !words[0].ends_with(':') || words[2] != "kB") continue;
    const std::string name(words[0].substr(0, words[0].size() - 1));
    if (const auto kilobytes = parse_number(words[1])) {
      values.set(name, std::to_string(*kilobytes * 1024), name);
    }
  }
  return values;
}

Kernel read_kernel() {
  Kernel kernel{.kind = KernelKind::kLinux, .values = {}};
  utsname system{};
  if (::uname(&system) >= 0 && std::string_view(system.sysname) == "SunOS") {
    kernel = {.kind = KernelKind::kSolarisIpadm, .values = parse_ipadm(output_of(kIpadm))};
    if (kernel.values.empty()) {
      kernel = {.kind = KernelKind::kSolarisNdd, .values = parse_ndd(output_of(kNdd))};
    }
    kernel.values.add(parse_swap(output_of(kSwap)));
  } else {
    kernel.values = read_linux();
  }
  read_descriptor_limit(&kernel.values);
  return kernel;
}

}  // namespace pgring
