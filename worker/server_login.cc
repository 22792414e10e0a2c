// Driving PQconnectPoll and reading the trace.
#include "worker/server_login.h"

#include <cstdlib>

#include "common/log.h"

namespace pgring {
namespace {

// The text between `before` and `after`; empty where they are not found.
std::string_view between(std::string_view text, std::string_view before, std::string_view after) {
  const std::size_t start = text.find(before);
  if (start == std::string_view::npos) return {};
  text.remove_prefix(start + before.size());
  const std::size_t end = text.find(after);
  return end == std::string_view::npos ? std::string_view() : text.substr(0, end);
}

void ignore_notice(void*, const PGresult*) {}

}  // namespace

ServerLogin::~ServerLogin() {
  unwatch();
  end_trace();
}

ServerLogin::Progress ServerLogin::start(const char* conninfo) {
  const char* const keywords[] = {"dbname", "gssencmode", nullptr};
  // gssencmode: libpq gives no access to a GSS-encrypted stream.
  const char* const values[] = {conninfo, "disable", nullptr};
  connection_.reset(PQconnectStartParams(keywords, values, 1));
  if (!connection_) return Progress::kFailed;
  PQsetNoticeReceiver(connection_.get(), ignore_notice, nullptr);
  trace_ = ::open_memstream(&trace_text_, &trace_size_);
  if (trace_ != nullptr) {
    PQtrace(connection_.get(), trace_);
    PQsetTraceFlags(connection_.get(), PQTRACE_SUPPRESS_TIMESTAMPS);
  }
  if (PQstatus(connection_.get()) == CONNECTION_BAD) return Progress::kFailed;
  return poll(PGRES_POLLING_WRITING);
}

ServerLogin::Progress ServerLogin::advance() {
  // libpq may go on to another address, with another socket under the same number.
  unwatch();
  return poll(PQconnectPoll(connection_.get()));
}

ServerLogin::Progress ServerLogin::poll(PostgresPollingStatusType status) {
  switch (status) {
    case PGRES_POLLING_READING:
      watch(Interest::kRead);
      return Progress::kWaiting;
    case PGRES_POLLING_WRITING:
      watch(Interest::kWrite);
      return Progress::kWaiting;
    case PGRES_POLLING_OK:
      watch(Interest::kRead);
      read_trace();
      return Progress::kDone;
    case PGRES_POLLING_FAILED:
    case PGRES_POLLING_ACTIVE:
      break;
  }
  read_trace();
  return Progress::kFailed;
}

void ServerLogin::watch(Interest interest) {
  watched_ = PQsocket(connection_.get());
  if (watched_ >= 0) poller_.add(watched_, token_, interest);
}

void ServerLogin::unwatch() {
  if (watched_ >= 0) poller_.remove(watched_);
  watched_ = -1;
}

PgConn ServerLogin::take_connection() {
  watched_ = -1;
  end_trace();
  return std::move(connection_);
}

void ServerLogin::end_trace() {
  if (trace_ == nullptr) return;
  if (connection_) PQuntrace(connection_.get());
  std::fclose(trace_);
  std::free(trace_text_);
  trace_ = nullptr;
  trace_text_ = nullptr;
}

void ServerLogin::read_trace() {
  if (trace_ == nullptr) return;
  std::fflush(trace_);
  std::string_view text(trace_text_, trace_size_);
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1);
    read_trace_line(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
}

// Lines look like: B <TAB> 22 <TAB> ParameterStatus <TAB> "application_name" ""
void ServerLogin::read_trace_line(std::string_view line) {
  if (line.find("\tParameterStatus\t") != std::string_view::npos) {
    std::string name(between(line, "\"", "\""));
    const char* value = PQparameterStatus(connection_.get(), name.c_str());
    if (value != nullptr) parameters_.push_back({std::move(name), value});
  } else if (const std::size_t at = line.find("\tBackendKeyData\t"); at != std::string_view::npos) {
    int pid = 0;
    int key = 0;
    const std::string numbers(line.substr(at + 16));
    has_cancel_key_ = std::sscanf(numbers.c_str(), "%d %d", &pid, &key) == 2;
    backend_pid_ = pid;
    cancel_key_ = static_cast<uint32_t>(key);
  } else if (line.find("\tErrorResponse\t") != std::string_view::npos) {
    sqlstate_ = between(line, " C \"", "\"");
    message_ = between(line, " M \"", "\" F \"");
    for (const char* next : {"\" D \"", "\" H \""}) {
      if (const auto end = message_.find(next); end != std::string::npos) message_.resize(end);
    }
  }
}

std::string ServerLogin::error_text() const {
  std::string text = connection_ ? PQerrorMessage(connection_.get()) : "out of memory";
  while (!text.empty() && text.back() == '\n') text.pop_back();
  for (char& c : text) {
    if (c == '\n' || c == '\t') c = ' ';
  }
  return text;
}

}  // namespace pgring
