// The rules by which kernel settings are judged. The Solaris intervals and their recommended values
// are those of the Solaris Tunable Parameters Reference Manual, in milliseconds.
#include "master/kernel_advice.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace pgring {
namespace {

constexpr uint64_t kSpareDescriptors = 150;  // doorbells, pipes, listeners, log files
constexpr uint64_t kEnoughPorts = 10'000;    // for outgoing connections
constexpr uint64_t kPatienceSeconds = 900;   // a vanished client may keep its place that long
constexpr uint64_t kKeepaliveSeconds = 300;

enum class Wanted : uint8_t { kAtLeast, kAtMost };

// Judges numbers by name and gathers what is to be said.
class Judge {
 public:
  Judge(const Kernel& kernel, const ServerNeeds& needs) : kernel_(kernel), needs_(needs) {}

  std::vector<Advice> result() && { return std::move(advice_); }
  const KernelValues& values() const { return kernel_.values; }
  const ServerNeeds& needs() const { return needs_; }

  void judge(const std::string& key, Wanted wanted, uint64_t bound, const char* why) {
    const std::optional<uint64_t> current = values().number(key);
    if (!current || bound == 0) return;
    if (wanted == Wanted::kAtLeast ? *current >= bound : *current <= bound) return;
    tell(key, std::to_string(bound), why);
  }

  void tell(const std::string& key, const std::string& recommended, const std::string& why) {
    const KernelValue* value = values().find(key);
    tell(value->name, value->value, recommended, why, command(value->name, recommended));
  }

  void tell(const std::string& what, const std::string& current, const std::string& recommended,
            const std::string& why, const std::string& command) {
    advice_.push_back({.what = what,
                       .current = current,
                       .recommended = recommended,
                       .why = why,
                       .command = command});
  }

 private:
  std::string command(const std::string& name, const std::string& value) const {
    switch (kernel_.kind) {
      case KernelKind::kLinux:
        return fmt::format("sysctl -w {}='{}'", name, value);
      case KernelKind::kSolarisIpadm:
        return fmt::format("ipadm set-prop -p {}={} tcp", name, value);
      case KernelKind::kSolarisNdd:
        return fmt::format("ndd -set /dev/tcp {} {}", name, value);
    }
    return "";
  }

  const Kernel& kernel_;
  const ServerNeeds& needs_;
  std::vector<Advice> advice_;
};

uint64_t descriptors_of_one_process(const ServerNeeds& needs) {
  const uint64_t most = std::max(needs.max_client_conn, needs.server_connections);
  return most == 0 ? 0 : most + kSpareDescriptors;
}

void judge_descriptors(Judge* judge, const char* command) {
  const uint64_t wanted = descriptors_of_one_process(judge->needs());
  const std::optional<uint64_t> limit = judge->values().number("nofile");
  if (!limit || *limit >= wanted) return;
  judge->tell("hard limit of open descriptors", std::to_string(*limit), std::to_string(wanted),
              fmt::format("max_client_conn is {}: clients beyond the limit cannot be accepted",
                          judge->needs().max_client_conn),
              fmt::format(fmt::runtime(command), wanted));
}

struct PortRange {
  uint64_t first;
  uint64_t last;
  uint64_t size() const { return last < first ? 0 : last - first + 1; }
  bool holds(uint64_t port) const { return port != 0 && first <= port && port <= last; }
};

uint64_t enough_ports(const ServerNeeds& needs) {
  return std::max(kEnoughPorts, 4 * needs.server_connections);
}

constexpr const char* kFewPorts =
    "each connection to a database takes a port, and again for the time of TIME_WAIT when it ends";
constexpr const char* kPortTaken =
    "the listening port lies in the range of outgoing connections: one of them may hold it when "
    "pgringd starts";

// "32768\t60999"
std::optional<PortRange> linux_ports(const KernelValues& values) {
  const KernelValue* range = values.find("net.ipv4.ip_local_port_range");
  if (range == nullptr) return std::nullopt;
  const std::size_t second = range->value.find_last_of(" \t");
  const auto first = parse_number(range->value);
  if (!first || second == std::string::npos) return std::nullopt;
  const auto last = parse_number(std::string_view(range->value).substr(second + 1));
  return last ? std::optional<PortRange>({*first, *last}) : std::nullopt;
}

// "8080,9148-9150"
bool is_reserved(std::string_view list, uint64_t port) {
  while (!list.empty()) {
    const std::string_view item = list.substr(0, list.find(','));
    list.remove_prefix(std::min(item.size() + 1, list.size()));
    const std::size_t dash = item.find('-');
    const auto first = parse_number(item.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : parse_number(item.substr(dash + 1));
    if (first && last && PortRange{*first, *last}.holds(port)) return true;
  }
  return false;
}

void judge_linux_ports(Judge* judge) {
  const std::optional<PortRange> range = linux_ports(judge->values());
  if (!range) return;
  const uint64_t port = judge->needs().listen_port;
  if (range->size() < enough_ports(judge->needs())) {
    judge->tell("net.ipv4.ip_local_port_range", "16384 60999", kFewPorts);
  }
  const KernelValue* reserved = judge->values().find("net.ipv4.ip_local_reserved_ports");
  if (reserved == nullptr || !range->holds(port) || is_reserved(reserved->value, port)) return;
  const std::string others = reserved->value.empty() ? "" : reserved->value + ",";
  judge->tell("net.ipv4.ip_local_reserved_ports", others + std::to_string(port), kPortTaken);
}

void judge_linux_keepalive(Judge* judge) {
  if (judge->needs().keepalive_set) return;
  const auto time = judge->values().number("net.ipv4.tcp_keepalive_time");
  const auto interval = judge->values().number("net.ipv4.tcp_keepalive_intvl");
  const auto probes = judge->values().number("net.ipv4.tcp_keepalive_probes");
  if (!time || !interval || !probes) return;
  const uint64_t patience = *time + *interval * *probes;
  if (patience <= kPatienceSeconds) return;
  const std::string why = fmt::format(
      "a client that vanished keeps its place for {} s; tcp_keepidle, tcp_keepintvl and "
      "tcp_keepcnt in pgring.ini change it for pgring alone",
      patience);
  if (*time > kKeepaliveSeconds) {
    judge->tell("net.ipv4.tcp_keepalive_time", std::to_string(kKeepaliveSeconds), why);
  }
  if (*interval * *probes > kPatienceSeconds - kKeepaliveSeconds) {
    judge->tell("net.ipv4.tcp_keepalive_intvl", "30", why);
    if (*probes > 9) judge->tell("net.ipv4.tcp_keepalive_probes", "9", why);
  }
}

// The mapping is touched little by little: what does not fit is found out by the kernel's killer.
void judge_linux_main_memory(Judge* judge) {
  const auto total = judge->values().number("MemTotal");
  const uint64_t wanted = judge->needs().shared_bytes;
  if (!total || wanted <= *total / 2) return;
  judge->tell(
      "main memory", fmt::format("{} bytes", *total), fmt::format("at least {} bytes", 2 * wanted),
      fmt::format("master and workers share {} bytes: under load the kernel may kill them, or "
                  "PostgreSQL",
                  wanted),
      fmt::format("payload_memory = {}MB in pgring.ini", *total / 4 / 1'048'576));
}

// Only strict accounting can refuse the mapping. kernel.shmmax and the size of /dev/shm do not
// matter, for it is anonymous.
void judge_linux_overcommit(Judge* judge) {
  const auto limit = judge->values().number("CommitLimit");
  const auto committed = judge->values().number("Committed_AS");
  if (judge->values().number("vm.overcommit_memory") != 2 || !limit || !committed) return;
  const uint64_t left = *limit > *committed ? *limit - *committed : 0;
  if (left >= judge->needs().shared_bytes) return;
  judge->tell("memory left under vm.overcommit_memory=2", fmt::format("{} bytes", left),
              fmt::format("{} bytes", judge->needs().shared_bytes),
              "strict accounting may refuse the memory that master and workers share: raise "
              "vm.overcommit_ratio or add swap",
              "sysctl -w vm.overcommit_ratio=80");
}

void judge_linux(Judge* judge) {
  const ServerNeeds& needs = judge->needs();
  judge->judge("net.core.somaxconn", Wanted::kAtLeast, needs.listen_backlog,
               "the kernel silently cuts listen_backlog to it, and drops connections in a burst");
  judge->judge("net.ipv4.tcp_max_syn_backlog", Wanted::kAtLeast, needs.listen_backlog,
               "half-open connections beyond it are dropped, or need SYN cookies, in a burst");
  judge->judge("net.ipv4.tcp_fin_timeout", Wanted::kAtMost, 60,
               "connections whose client never finishes closing stay in FIN_WAIT_2 that long");
  judge->judge("net.ipv4.tcp_tw_reuse", Wanted::kAtLeast, 1,
               "ports in TIME_WAIT are not used again for new connections to databases");
  judge_linux_keepalive(judge);
  judge_linux_ports(judge);
  judge->judge("fs.file-max", Wanted::kAtLeast,
               2 * (needs.max_client_conn + needs.server_connections),
               "the whole system's open files are to cover pgring's connections twice");
  judge_descriptors(judge, "LimitNOFILE={0} in the systemd unit, or `ulimit -H -n {0}` at start");
  judge_linux_main_memory(judge);
  judge_linux_overcommit(judge);
}

void judge_solaris_ports(Judge* judge) {
  const auto first = judge->values().number("smallest_anon_port");
  const auto last = judge->values().number("largest_anon_port");
  if (!first || !last) return;
  const PortRange range{*first, *last};
  if (range.size() < enough_ports(judge->needs())) {
    judge->tell("smallest_anon_port", "32768", kFewPorts);
  } else if (range.holds(judge->needs().listen_port)) {
    judge->tell("smallest_anon_port", std::to_string(judge->needs().listen_port + 1), kPortTaken);
  }
}

void judge_solaris_swap(Judge* judge) {
  const auto available = judge->values().number("swap");
  const uint64_t wanted = judge->needs().shared_bytes;
  if (!available || *available >= wanted) return;
  judge->tell("swap space available", fmt::format("{} bytes", *available),
              fmt::format("{} bytes", wanted),
              "swap is reserved for the memory that master and workers share, and is refused "
              "without",
              fmt::format("zfs create -V {}m rpool/swap2 && swap -a /dev/zvol/dsk/rpool/swap2",
                          wanted / 1'048'576 * 2 + 1));
}

void judge_solaris(Judge* judge) {
  const uint64_t backlog = judge->needs().listen_backlog;
  judge->judge("time_wait_interval", Wanted::kAtMost, 60'000,
               "closed connections keep their ports in TIME_WAIT that long (240,000 ms on old "
               "releases)");
  judge->judge("fin_wait_2_flush_interval", Wanted::kAtMost, 67'500,
               "connections whose client never finishes closing stay in FIN_WAIT_2 that long");
  if (!judge->needs().keepalive_set) {
    judge->judge("keepalive_interval", Wanted::kAtMost, kKeepaliveSeconds * 1000,
                 "a client that vanished keeps its place that long before it is looked for; "
                 "tcp_keepidle in pgring.ini changes it for pgring alone");
  }
  judge->judge("conn_req_max_q", Wanted::kAtLeast, backlog,
               "the kernel silently cuts listen_backlog to it, and drops connections in a burst");
  judge->judge("conn_req_max_q0", Wanted::kAtLeast, std::max<uint64_t>(4 * backlog, 1024),
               "half-open connections beyond it are dropped in a burst");
  judge_solaris_ports(judge);
  judge_descriptors(judge,
                    "projmod -s -K 'process.max-file-descriptor=(basic,{0},deny),"
                    "(privileged,{0},deny)' system");
  judge_solaris_swap(judge);
}

}  // namespace

std::vector<Advice> advise(const Kernel& kernel, const ServerNeeds& needs) {
  Judge judge(kernel, needs);
  switch (kernel.kind) {
    case KernelKind::kLinux:
      judge_linux(&judge);
      break;
    case KernelKind::kSolarisIpadm:
    case KernelKind::kSolarisNdd:
      judge_solaris(&judge);
      break;
  }
  return std::move(judge).result();
}

std::vector<Advice> kernel_advice(const ServerNeeds& needs) { return advise(read_kernel(), needs); }

std::string to_text(const Advice& advice) {
  return fmt::format("{} is {}, recommended {}\n  {}\n  # {}\n", advice.what, advice.current,
                     advice.recommended, advice.why, advice.command);
}

}  // namespace pgring
