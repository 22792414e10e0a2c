// Paths and their answers.
#include "master/status_routes.h"

#include <utility>

#include "common/clock.h"
#include "master/metrics.h"
#include "master/status_health.h"
#include "master/status_json.h"
#include "master/status_page.h"

namespace pgring {
namespace {

constexpr int64_t kFresh = 500'000;  // microseconds
constexpr std::string_view kPrometheusType = "text/plain; version=0.0.4; charset=utf-8";
constexpr std::string_view kOpenMetricsType =
    "application/openmetrics-text; version=1.0.0; charset=utf-8";

StatusAnswer plain(unsigned status, std::string text) {
  return {.status = status, .body = std::make_shared<const std::string>(std::move(text))};
}

StatusAnswer answer_of(const Verdict& verdict) {
  return plain(verdict.ok ? 200 : 503, verdict.text);
}

}  // namespace

// Scrapers that know both name OpenMetrics first; no one that cannot read it names it at all.
bool wants_openmetrics(std::string_view accept) {
  return accept.find("application/openmetrics-text") != std::string_view::npos;
}

StatusRoutes::StatusRoutes(std::function<Snapshot()> look)
    : look_(std::move(look)), page_(std::make_shared<const std::string>(status_page())) {}

template <typename Make>
std::shared_ptr<const std::string> StatusRoutes::cached(Cached& cache, Make make) {
  const int64_t now = monotonic_us();
  if (!cache.body || now - cache.made_at > kFresh) {
    cache = {now, std::make_shared<const std::string>(make())};
  }
  return cache.body;
}

StatusAnswer StatusRoutes::answer(std::string_view target, std::string_view accept) {
  const std::string_view path = target.substr(0, target.find('?'));
  if (path == "/metrics" && wants_openmetrics(accept)) {
    return {.type = kOpenMetricsType, .body = cached(openmetrics_, [this] {
                                        return write_metrics(look_(), MetricFormat::kOpenMetrics);
                                      })};
  }
  if (path == "/metrics") {
    return {.type = kPrometheusType, .body = cached(prometheus_, [this] {
                                       return write_metrics(look_(), MetricFormat::kPrometheus);
                                     })};
  }
  if (path == "/healthz") return answer_of(check_health(look_()));
  if (path == "/readyz") return answer_of(check_readiness(look_()));
  if (path == "/") return {.type = "text/html; charset=utf-8", .body = page_};
  if (path == "/status.json") {
    return {.type = "application/json",
            .body = cached(json_, [this] { return status_to_json(look_(), history_); })};
  }
  return plain(404, "There are /, /metrics, /healthz and /readyz.\n");
}

}  // namespace pgring
