// What the status process answers to a request's path; how requests come is status_http.h.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "master/status_history.h"
#include "master/status_snapshot.h"

namespace pgring {

struct StatusAnswer {
  unsigned status = 200;
  std::string_view type = "text/plain; charset=utf-8";
  std::shared_ptr<const std::string> body;  // shared, so that slow readers hold one copy
};

// The header Accept of a request wants OpenMetrics rather than the older text format.
bool wants_openmetrics(std::string_view accept);

class StatusRoutes {
 public:
  explicit StatusRoutes(std::function<Snapshot()> look);

  // For GET and HEAD. `target` is a request's, with its query string.
  StatusAnswer answer(std::string_view target, std::string_view accept);
  // Once per StatusHistory::kStep.
  void tick() { history_.add(look_()); }

 private:
  // Long texts are made at most so often, however many ask.
  struct Cached {
    int64_t made_at = 0;
    std::shared_ptr<const std::string> body;
  };
  template <typename Make>
  std::shared_ptr<const std::string> cached(Cached& cache, Make make);

  std::function<Snapshot()> look_;
  StatusHistory history_;
  std::shared_ptr<const std::string> page_;
  Cached prometheus_, openmetrics_, json_;
};

}  // namespace pgring
