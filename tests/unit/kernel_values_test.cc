// The parsers of kernel settings, over samples of what the systems print.
#include "master/kernel_values.h"

#include <doctest/doctest.h>

namespace pgring {
namespace {

constexpr std::string_view kIpadmOutput =
    "PROTO PROPERTY              PERM CURRENT      PERSISTENT   DEFAULT      POSSIBLE\n"
    "tcp   _time_wait_interval   rw   60000        --           60000        1000-600000\n"
    "PROTO PROPERTY              PERM CURRENT      PERSISTENT   DEFAULT      POSSIBLE\n"
    "tcp   _fin_wait_2_flush_interval rw 675000    --           675000       1000-7200000\n"
    "PROTO PROPERTY              PERM CURRENT      PERSISTENT   DEFAULT      POSSIBLE\n"
    "tcp   _conn_req_max_q       rw   128          128          128          1-4294967295\n"
    "PROTO PROPERTY              PERM CURRENT      PERSISTENT   DEFAULT      POSSIBLE\n"
    "tcp   smallest_anon_port    rw   32768        --           32768        1024-65500\n"
    "tcp   congestion_control    rw   newreno      --           newreno      newreno,cubic\n";

}  // namespace

TEST_CASE("ipadm's tables are read by their headings") {
  const KernelValues values = parse_ipadm(kIpadmOutput);
  CHECK(values.number("time_wait_interval") == 60'000);
  CHECK(values.number("fin_wait_2_flush_interval") == 675'000);
  CHECK(values.number("conn_req_max_q") == 128);
  CHECK(values.number("smallest_anon_port") == 32'768);
  REQUIRE(values.find("time_wait_interval") != nullptr);
  CHECK(values.find("time_wait_interval")->name == "_time_wait_interval");
  CHECK(values.find("smallest_anon_port")->name == "smallest_anon_port");
  CHECK(values.find("congestion_control") == nullptr);
}

TEST_CASE("ipadm's columns may come in another order") {
  const KernelValues values = parse_ipadm(
      "PROTO CURRENT PROPERTY\n"
      "tcp   7200000 _keepalive_interval\n");
  CHECK(values.number("keepalive_interval") == 7'200'000);
}

TEST_CASE("what ipadm does not know is absent") {
  CHECK(parse_ipadm("").empty());
  CHECK(parse_ipadm("PROTO PROPERTY PERM CURRENT\n").empty());
  CHECK(parse_ipadm("ipadm: could not get property _x: Property not found\n").empty());
  CHECK(parse_ipadm("tcp _time_wait_interval rw 60000\n").empty());
  CHECK(parse_ipadm("PROTO PROPERTY PERM CURRENT\ntcp _time_wait_interval rw\n").empty());
  CHECK(parse_ipadm("PROTO PROPERTY PERM CURRENT\ntcp _time_wait_interval rw --\n").empty());
}

TEST_CASE("ndd's values are read by name") {
  const KernelValues values = parse_ndd(
      "tcp_time_wait_interval 240000\n"
      "tcp_conn_req_max_q0 1024\n"
      "tcp_unknown_to_this_release\n"
      "tcp_keepalive_interval operation failed: Invalid argument\n");
  CHECK(values.number("time_wait_interval") == 240'000);
  CHECK(values.number("conn_req_max_q0") == 1'024);
  CHECK(values.find("conn_req_max_q0")->name == "tcp_conn_req_max_q0");
  CHECK(values.find("keepalive_interval") == nullptr);
}

TEST_CASE("swap's summary is read") {
  const KernelValues values = parse_swap(
      "total: 201828k bytes allocated + 25712k reserved = 227540k used, 1048576k available\n");
  CHECK(values.number("swap") == 1'073'741'824);
  CHECK(parse_swap("").empty());
  CHECK(parse_swap("swap: command not found\n").empty());
  CHECK(parse_swap("lots available\n").empty());
}

TEST_CASE("meminfo is read in bytes") {
  const KernelValues values = parse_meminfo(
      "MemTotal:        8060296 kB\n"
      "CommitLimit:     4030148 kB\n"
      "HugePages_Total:       0\n"
      "Committed_AS:    1024 kB");
  CHECK(values.number("CommitLimit") == 4'126'871'552);
  CHECK(values.number("Committed_AS") == 1'048'576);
  CHECK(values.find("HugePages_Total") == nullptr);
}

TEST_CASE("numbers end at a blank and nowhere else") {
  CHECK(parse_number("128") == 128);
  CHECK(parse_number("32768\t60999") == 32'768);
  CHECK(parse_number("18446744073709551615") == UINT64_MAX);
  CHECK_FALSE(parse_number("18446744073709551616").has_value());
  CHECK_FALSE(parse_number("").has_value());
  CHECK_FALSE(parse_number("--").has_value());
  CHECK_FALSE(parse_number("128k").has_value());
  CHECK_FALSE(parse_number("-1").has_value());
}

TEST_CASE("the running system can be read") {
  const Kernel kernel = read_kernel();
  CHECK_FALSE(kernel.values.empty());
  if (kernel.kind == KernelKind::kLinux) CHECK(kernel.values.number("fs.file-max").has_value());
}

}  // namespace pgring
