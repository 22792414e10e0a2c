// The rules for kernel settings: silent over a good system, one advice for each bad value.
#include "master/kernel_advice.h"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

namespace pgring {
namespace {

constexpr ServerNeeds kBusy = {.max_client_conn = 10'000,
                               .server_connections = 200,
                               .listen_backlog = 1'024,
                               .listen_port = 6'432,
                               .shared_bytes = 256U << 20,
                               .keepalive_set = false};

using Pairs = std::vector<std::pair<const char*, const char*>>;

Kernel kernel_with(KernelKind kind, const Pairs& pairs) {
  Kernel kernel{.kind = kind, .values = {}};
  for (const auto& [name, value] : pairs) kernel.values.set(name, value, name);
  return kernel;
}

Kernel good_linux() {
  return kernel_with(KernelKind::kLinux, {{"net.core.somaxconn", "4096"},
                                          {"net.ipv4.tcp_max_syn_backlog", "1024"},
                                          {"net.ipv4.tcp_fin_timeout", "60"},
                                          {"net.ipv4.tcp_tw_reuse", "2"},
                                          {"net.ipv4.tcp_keepalive_time", "300"},
                                          {"net.ipv4.tcp_keepalive_intvl", "30"},
                                          {"net.ipv4.tcp_keepalive_probes", "9"},
                                          {"net.ipv4.ip_local_port_range", "32768\t60999"},
                                          {"net.ipv4.ip_local_reserved_ports", ""},
                                          {"fs.file-max", "9223372036854775807"},
                                          {"vm.overcommit_memory", "0"},
                                          {"CommitLimit", "0"},
                                          {"Committed_AS", "0"},
                                          {"nofile", "524288"}});
}

// The only advice over the good system with `name` set to `value`.
Advice only_advice(Kernel kernel, const char* name, const char* value) {
  CHECK(advise(kernel, kBusy).empty());
  kernel.values.set(name, value, name);
  const std::vector<Advice> all = advise(kernel, kBusy);
  REQUIRE(all.size() == 1);
  return all[0];
}

}  // namespace

TEST_CASE("a Linux in good order is left alone, an unreadable one too") {
  CHECK(advise(good_linux(), kBusy).empty());
  CHECK(advise(good_linux(), {}).empty());
  CHECK(advise(kernel_with(KernelKind::kLinux, {}), kBusy).empty());
}

TEST_CASE("each Linux setting that hurts is named with its command") {
  struct Case {
    const char* name;
    const char* value;
    const char* recommended;
    const char* command;
  };
  for (const Case& bad : {
           Case{"net.core.somaxconn", "128", "1024", "sysctl -w net.core.somaxconn='1024'"},
           Case{"net.ipv4.tcp_max_syn_backlog", "512", "1024",
                "sysctl -w net.ipv4.tcp_max_syn_backlog='1024'"},
           Case{"net.ipv4.tcp_fin_timeout", "675", "60", "sysctl -w net.ipv4.tcp_fin_timeout='60'"},
           Case{"net.ipv4.tcp_tw_reuse", "0", "1", "sysctl -w net.ipv4.tcp_tw_reuse='1'"},
           Case{"net.ipv4.tcp_keepalive_time", "7200", "300",
                "sysctl -w net.ipv4.tcp_keepalive_time='300'"},
           Case{"net.ipv4.tcp_keepalive_intvl", "75", "30",
                "sysctl -w net.ipv4.tcp_keepalive_intvl='30'"},
           Case{"net.ipv4.ip_local_port_range", "60000\t60999", "16384 60999",
                "sysctl -w net.ipv4.ip_local_port_range='16384 60999'"},
           Case{"net.ipv4.ip_local_port_range", "1024\t60999", "6432",
                "sysctl -w net.ipv4.ip_local_reserved_ports='6432'"},
           Case{"fs.file-max", "10000", "20400", "sysctl -w fs.file-max='20400'"},
           Case{"nofile", "4096", "10150",
                "LimitNOFILE=10150 in the systemd unit, or `ulimit -H -n 10150` at start"},
       }) {
    CAPTURE(bad.name);
    const Advice advice = only_advice(good_linux(), bad.name, bad.value);
    CHECK(advice.recommended == bad.recommended);
    CHECK(advice.command == bad.command);
    CHECK_FALSE(advice.why.empty());
  }
}

TEST_CASE("the kernel's keepalive does not matter where pgring sets its own") {
  ServerNeeds needs = kBusy;
  needs.keepalive_set = true;
  Kernel linux_kernel = good_linux();
  linux_kernel.values.set("net.ipv4.tcp_keepalive_time", "7200", "net.ipv4.tcp_keepalive_time");
  CHECK(advise(linux_kernel, needs).empty());
  CHECK(advise(linux_kernel, kBusy).size() == 1);
  const Kernel solaris =
      kernel_with(KernelKind::kSolarisIpadm, {{"keepalive_interval", "7200000"}});
  CHECK(advise(solaris, needs).empty());
  CHECK(advise(solaris, kBusy).size() == 1);
}

TEST_CASE("the shared mapping must fit into main memory beside all the rest") {
  Kernel kernel = good_linux();
  kernel.values.set("MemTotal", std::to_string(2 * kBusy.shared_bytes), "MemTotal");
  CHECK(advise(kernel, kBusy).empty());
  kernel.values.set("MemTotal", std::to_string(kBusy.shared_bytes), "MemTotal");
  REQUIRE(advise(kernel, kBusy).size() == 1);
  CHECK(advise(kernel, kBusy)[0].command == "payload_memory = 64MB in pgring.ini");
}

TEST_CASE("a reserved listening port is safe inside the range of outgoing ones") {
  Kernel kernel = good_linux();
  kernel.values.set("net.ipv4.ip_local_port_range", "1024\t60999", "net.ipv4.ip_local_port_range");
  const char* reserved = "net.ipv4.ip_local_reserved_ports";
  for (const char* list : {"6432", "5432,6432", "5432,6000-7000,8080"}) {
    kernel.values.set(reserved, list, reserved);
    CHECK(advise(kernel, kBusy).empty());
  }
  kernel.values.set(reserved, "5432,7000-8000", reserved);
  const std::vector<Advice> all = advise(kernel, kBusy);
  REQUIRE(all.size() == 1);
  CHECK(all[0].recommended == "5432,7000-8000,6432");
}

TEST_CASE("strict memory accounting must leave room for the shared mapping") {
  Kernel kernel = good_linux();
  kernel.values.set("vm.overcommit_memory", "2", "vm.overcommit_memory");
  kernel.values.set("CommitLimit", "1000000000", "CommitLimit");
  kernel.values.set("Committed_AS", "500000000", "Committed_AS");
  CHECK(advise(kernel, kBusy).empty());
  kernel.values.set("Committed_AS", "900000000", "Committed_AS");
  REQUIRE(advise(kernel, kBusy).size() == 1);
  CHECK(advise(kernel, kBusy)[0].current == "100000000 bytes");
  kernel.values.set("Committed_AS", "1100000000", "Committed_AS");
  CHECK(advise(kernel, kBusy)[0].current == "0 bytes");
}

TEST_CASE("Solaris' defaults are told, with ipadm where it is and ndd where not") {
  const Kernel modern{.kind = KernelKind::kSolarisIpadm,
                      .values = parse_ipadm("PROTO PROPERTY PERM CURRENT\n"
                                            "tcp _time_wait_interval rw 60000\n"
                                            "tcp _fin_wait_2_flush_interval rw 675000\n"
                                            "tcp _keepalive_interval rw 7200000\n"
                                            "tcp _conn_req_max_q rw 128\n"
                                            "tcp _conn_req_max_q0 rw 1024\n"
                                            "tcp smallest_anon_port rw 32768\n"
                                            "tcp largest_anon_port rw 65535\n")};
  std::vector<std::string> commands;
  for (const Advice& advice : advise(modern, kBusy)) commands.push_back(advice.command);
  CHECK(commands ==
        std::vector<std::string>{"ipadm set-prop -p _fin_wait_2_flush_interval=67500 tcp",
                                 "ipadm set-prop -p _keepalive_interval=300000 tcp",
                                 "ipadm set-prop -p _conn_req_max_q=1024 tcp",
                                 "ipadm set-prop -p _conn_req_max_q0=4096 tcp"});

  const Kernel old{.kind = KernelKind::kSolarisNdd,
                   .values = parse_ndd("tcp_time_wait_interval 240000\n"
                                       "tcp_conn_req_max_q 1024\n"
                                       "tcp_smallest_anon_port 1024\n"
                                       "tcp_largest_anon_port 65535\n")};
  commands.clear();
  for (const Advice& advice : advise(old, kBusy)) commands.push_back(advice.command);
  CHECK(commands == std::vector<std::string>{"ndd -set /dev/tcp tcp_time_wait_interval 60000",
                                             "ndd -set /dev/tcp tcp_smallest_anon_port 6433"});
}

TEST_CASE("Solaris' descriptors and swap are judged") {
  const Kernel kernel =
      kernel_with(KernelKind::kSolarisIpadm, {{"nofile", "256"}, {"swap", "1048576"}});
  const std::vector<Advice> all = advise(kernel, kBusy);
  REQUIRE(all.size() == 2);
  CHECK(all[0].command ==
        "projmod -s -K 'process.max-file-descriptor=(basic,10150,deny),(privileged,10150,deny)' "
        "system");
  CHECK(all[1].what == "swap space available");
}

TEST_CASE("an advice reads well") {
  CHECK(to_text(only_advice(good_linux(), "net.ipv4.tcp_fin_timeout", "120")) ==
        "net.ipv4.tcp_fin_timeout is 120, recommended 60\n"
        "  connections whose client never finishes closing stay in FIN_WAIT_2 that long\n"
        "  # sysctl -w net.ipv4.tcp_fin_timeout='60'\n");
}

TEST_CASE("the running system can be judged") {
  for (const Advice& advice : kernel_advice(kBusy)) {
    CHECK_FALSE(advice.what.empty());
    CHECK_FALSE(advice.command.empty());
  }
}

}  // namespace pgring
