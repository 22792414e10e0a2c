// From counters in shared memory to text.
#include "master/metrics.h"

#include <doctest/doctest.h>

#include <cstring>

#include "master/metrics_table.h"
#include "master/status_health.h"
#include "master/status_routes.h"
#include "tests/unit/shared_fixture.h"

using namespace pgring;

namespace {

constexpr int64_t kNow = 100'000'000;

// One lane of the fixture, as the master sets it up.
Lane& add_lane(SharedState& state, uint32_t number, const char* database, const char* user) {
  LaneConfig config{};
  std::strncpy(config.database_name, database, sizeof config.database_name - 1);
  std::strncpy(config.user_name, user, sizeof config.user_name - 1);
  config.pool_size = 20;
  config.server_login_retry_us = 15'000'000;
  write_lane_config(state.lanes[number], config);
  state.header->lane_count = number + 1;
  return state.lanes[number];
}

struct Living : SharedFixture {
  Living() {
    state.header->status.started_at = kNow - 5'000'000;
    state.header->status.tick_at = kNow - 100'000;
    state.header->status.workers_wanted = 2;
    for (uint32_t worker = 1; worker <= 2; ++worker) {
      state.workers[worker].pid = 100 + static_cast<int32_t>(worker);
      state.workers[worker].started_at = kNow - 1'500'000;
    }
  }
  Snapshot look() const { return take_snapshot(state, kNow); }
  std::string text(MetricFormat format = MetricFormat::kPrometheus) const {
    return write_metrics(look(), format);
  }
};

bool has_line(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

}  // namespace

TEST_CASE("metrics: times are written in seconds, labels name the pool") {
  Living server;
  Lane& lane = add_lane(server.state, 0, "shop", "web");
  lane.stats.queries = 42;
  lane.stats.query_us = 1'500'001;
  lane.stats.clients_waiting = 3;
  lane.stats.oldest_waiting_since = kNow - 2'250'000;
  const std::string text = server.text();
  CHECK(has_line(text, "pgring_queries_total{database=\"shop\",user=\"web\"} 42"));
  CHECK(has_line(text, "pgring_query_seconds_total{database=\"shop\",user=\"web\"} 1.500001"));
  CHECK(has_line(text, "pgring_pool_oldest_wait_seconds{database=\"shop\",user=\"web\"} 2.250000"));
  CHECK(has_line(text, "pgring_pool_clients{database=\"shop\",user=\"web\",state=\"waiting\"} 3"));
  CHECK(has_line(text, "pgring_worker_uptime_seconds{worker=\"1\"} 1.500000"));
  CHECK(has_line(text, "pgring_uptime_seconds 5.000000"));
}

TEST_CASE("metrics: lanes of one pool are added up, and stay apart as lanes") {
  Living server;
  add_lane(server.state, 0, "shop", "web").stats.queries = 1;
  add_lane(server.state, 1, "shop", "web").stats.queries = 2;
  const std::string text = server.text();
  CHECK(has_line(text, "pgring_queries_total{database=\"shop\",user=\"web\"} 3"));
  CHECK(text.find("lane=\"0\"") != std::string::npos);
  CHECK(text.find("lane=\"1\"") != std::string::npos);
}

TEST_CASE("metrics: a histogram's buckets are cumulative and end in its count") {
  Living server;
  LatencyHistogram& total = add_lane(server.state, 0, "d", "u").stats.total;
  total.buckets[0] = 1;                      // below 2 us
  total.buckets[5] = 2;                      // 32 to 64 us
  total.buckets[kHistogramBuckets - 1] = 4;  // above all bounds shown
  total.sum_us = 3'000'000;
  const std::string text = server.text();
  const std::string name = "pgring_total_time_seconds";
  const auto bucket = [&](const std::string& le, int count) {
    return has_line(text, name + "_bucket{database=\"d\",user=\"u\",le=\"" + le + "\"} " +
                              std::to_string(count));
  };
  CHECK(bucket("0.000032", 1));
  CHECK(bucket("0.000064", 3));
  CHECK(bucket("67.108864", 3));
  CHECK(bucket("+Inf", 7));
  CHECK(has_line(text, name + "_count{database=\"d\",user=\"u\"} 7"));
  CHECK(has_line(text, name + "_sum{database=\"d\",user=\"u\"} 3.000000"));
}

TEST_CASE("metrics: any byte may stand in a name") {
  Living server;
  add_lane(server.state, 0, "a\"b\\c\nd", "\xc3\xa9\xff\x01");
  CHECK(has_line(
      server.text(),
      "pgring_queries_total{database=\"a\\\"b\\\\c\\nd\",user=\"\xc3\xa9\\\\xff\\\\x01\"} 0"));
}

TEST_CASE("metrics: OpenMetrics names families, units and the end") {
  Living server;
  const std::string text = server.text(MetricFormat::kOpenMetrics);
  CHECK(has_line(text, "# TYPE pgring_queries counter"));
  CHECK(has_line(text, "# UNIT pgring_received_bytes bytes"));
  CHECK(has_line(text, "# TYPE pgring_build info"));
  CHECK(text.ends_with("\n# EOF\n"));
  const std::string older = server.text();
  CHECK(has_line(older, "# TYPE pgring_queries_total counter"));
  CHECK(has_line(older, "# TYPE pgring_build_info gauge"));
  CHECK(older.find("# UNIT") == std::string::npos);
  CHECK(wants_openmetrics("application/openmetrics-text;version=1.0.0,text/plain;q=0.5"));
  CHECK(!wants_openmetrics("text/html,*/*"));
}

TEST_CASE("health: the master's silence and the lack of workers") {
  Living server;
  CHECK(check_health(server.look()).ok);
  server.state.workers[1].pid = 0;  // about to be replaced
  CHECK(check_health(server.look()).ok);
  server.state.workers[2].pid = 0;
  CHECK(!check_health(server.look()).ok);
  server.state.workers[2].pid = 102;
  server.state.header->status.tick_at = kNow - 7'000'000;
  const Verdict verdict = check_health(server.look());
  CHECK(!verdict.ok);
  CHECK(verdict.text.find("no sign of life for 7 s") != std::string::npos);
}

TEST_CASE("readiness: pauses and shutting down") {
  Living server;
  CHECK(check_readiness(server.look()).text == "ok\n");
  server.state.header->status.paused = 1;
  CHECK(check_readiness(server.look()).text == "all databases are paused\n");
  server.state.header->status.paused = 0;
  server.state.header->status.stopping = 1;
  CHECK(check_readiness(server.look()).text == "shutting down\n");
}

TEST_CASE("readiness: not while every database's last login failed, for a time") {
  Living server;
  LaneShare& share = add_lane(server.state, 0, "shop", "web").shares[1];
  CHECK(check_readiness(server.look()).ok);  // nobody has asked yet
  share.login_failed_at = kNow - 1'000'000;
  const Verdict verdict = check_readiness(server.look());
  CHECK(!verdict.ok);
  CHECK(verdict.text.find("shop as user web") != std::string::npos);
  SUBCASE("a connection is left") { share.idle = 1; }
  SUBCASE("another worker has succeeded since") {
    server.state.lanes[0].shares[2].login_succeeded_at = kNow - 500'000;
  }
  SUBCASE("another database answers") { add_lane(server.state, 1, "other", "web"); }
  SUBCASE("nobody has tried for long") { share.login_failed_at = kNow - 31'000'000; }
  CHECK(check_readiness(server.look()).ok);
}

TEST_CASE("routes: what is there, and what is not") {
  Living server;
  StatusRoutes routes([&] { return server.look(); });
  CHECK(routes.answer("/healthz?x=1", "").status == 200);
  CHECK(routes.answer("/", "").body->find("<!DOCTYPE html>") == 0);
  CHECK(routes.answer("/status.json", "").type == "application/json");
  CHECK(routes.answer("/metrics", "").body->find("# HELP") == 0);
  for (const char* target : {"", "*", "/metrics/", "//", "/../etc/passwd", "http://x/metrics"}) {
    CHECK_MESSAGE(routes.answer(target, "").status == 404, target);
  }
}
