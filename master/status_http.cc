// Sessions on an io_context.
#include "master/status_http.h"

#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_static_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <list>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <utility>

namespace pgring {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::size_t kMostSessions = 64;
constexpr std::size_t kRequestBytes = 8192;  // of request line and header
constexpr auto kRequestTime = std::chrono::seconds(5);
constexpr auto kIdleTime = std::chrono::seconds(75);  // between two requests of a connection
constexpr auto kAnswerTime = std::chrono::seconds(10);
constexpr auto kAcceptPause = std::chrono::milliseconds(100);

// The page holds its own style and script and may reach nothing but this server.
constexpr const char* kContentPolicy =
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'";

class Session;
using SessionList = std::list<std::shared_ptr<Session>>;

struct Server {
  StatusRoutes& routes;
  HttpCounters& counters;
  SessionList reading;  // the one that has waited longest first
  SessionList writing;
  SessionList closing;  // closed; their last handler has yet to run
};

// One connection. Lives as long as it is in one of the server's lists.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(Server& server, tcp::socket socket) : server_(server), stream_(std::move(socket)) {}

  void start() {
    list_ = &server_.reading;
    place_ = list_->insert(list_->end(), shared_from_this());
    read(kRequestTime);
  }
  // Ends whatever it waits for.
  void close() {
    error_code ignored;
    move_to(server_.closing);
    stream_.socket().close(ignored);
  }

 private:
  void read(std::chrono::seconds patience) {
    parser_.emplace();
    parser_->header_limit(kRequestBytes);
    stream_.expires_after(patience);
    http::async_read(
        stream_, buffer_, *parser_,
        [self = shared_from_this()](error_code error, std::size_t) { self->on_request(error); });
  }

  void on_request(error_code error) {
    if (list_ == &server_.closing) return leave();
    if (error) return on_bad_request(error);
    answered_ = true;
    ++server_.counters.requests;
    const http::request<http::empty_body>& request = parser_->get();
    if (request.method() != http::verb::get && request.method() != http::verb::head) {
      return answer(405, "Only GET and HEAD.\n");
    }
    const auto text = [](beast::string_view view) {
      return std::string_view(view.data(), view.size());
    };
    write(server_.routes.answer(text(request.target()), text(request[http::field::accept])),
          request.keep_alive(), request.method() == http::verb::head);
  }

  void on_bad_request(error_code error) {
    const bool idle_end = answered_ && error == beast::error::timeout;
    if (error == http::error::end_of_stream || idle_end) return leave();
    ++server_.counters.refused;
    const bool nonsense = error.category() == http::make_error_code(http::error{}).category();
    if (!nonsense || error == http::error::partial_message) return leave();
    answer(400, "This is not a request that a browser or a scraper would send.\n");
  }

  // An answer after which the connection is closed.
  void answer(unsigned status, const char* text) {
    write({.status = status, .body = std::make_shared<const std::string>(text)}, false, false);
  }

  void write(StatusAnswer answer, bool keep_alive, bool head_only) {
    http::response<http::empty_body> head;
    head.result(answer.status);
    head.set(http::field::server, "pgring");
    head.set(http::field::content_type, beast::string_view(answer.type.data(), answer.type.size()));
    head.set(http::field::cache_control, "no-store");
    head.set("X-Content-Type-Options", "nosniff");
    head.set("Content-Security-Policy", kContentPolicy);
    if (answer.status == 405) head.set(http::field::allow, "GET, HEAD");
    head.content_length(answer.body->size());
    head.keep_alive(keep_alive);
    std::ostringstream text;
    text << head;
    head_ = text.str();
    body_ = std::move(answer.body);
    move_to(server_.writing);
    stream_.expires_after(kAnswerTime);
    const std::array<asio::const_buffer, 2> parts{
        asio::buffer(head_), head_only ? asio::const_buffer() : asio::buffer(*body_)};
    asio::async_write(stream_, parts,
                      [self = shared_from_this(), keep_alive](error_code error, std::size_t) {
                        self->on_written(error, keep_alive);
                      });
  }

  void on_written(error_code error, bool keep_alive) {
    body_.reset();
    if (error || list_ == &server_.closing) return leave();
    if (!keep_alive) {
      stream_.socket().shutdown(tcp::socket::shutdown_send, error);
      return leave();
    }
    move_to(server_.reading);
    read(kIdleTime);
  }

  void move_to(SessionList& list) {
    list.splice(list.end(), *list_, place_);
    list_ = &list;
  }
  // The end: whoever called it holds the last reference.
  void leave() { list_->erase(place_); }

  Server& server_;
  beast::tcp_stream stream_;
  beast::flat_static_buffer<kRequestBytes> buffer_;
  std::optional<http::request_parser<http::empty_body>> parser_;
  std::string head_;
  std::shared_ptr<const std::string> body_;
  bool answered_ = false;
  SessionList* list_ = nullptr;
  SessionList::iterator place_;
};

class Acceptor {
 public:
  Acceptor(asio::io_context& loop, Server& server, Fd listener)
      : server_(server), acceptor_(loop), pause_(loop) {
    // The protocol matters only to accept(), which takes the address of either family.
    acceptor_.assign(tcp::v6(), listener.release());
    accept();
  }

 private:
  void accept() {
    acceptor_.async_accept([this](error_code error, tcp::socket socket) {
      if (error) return wait();
      make_room();
      std::make_shared<Session>(server_, std::move(socket))->start();
      accept();
    });
  }

  void make_room() {
    if (server_.reading.size() + server_.writing.size() < kMostSessions) return;
    SessionList& from = server_.reading.empty() ? server_.writing : server_.reading;
    from.front()->close();
    ++server_.counters.refused;
  }

  // Out of descriptors or memory: trying at once would be trying in vain.
  void wait() {
    pause_.expires_after(kAcceptPause);
    pause_.async_wait([this](error_code error) {
      if (!error) accept();
    });
  }

  Server& server_;
  tcp::acceptor acceptor_;
  asio::steady_timer pause_;
};

class Ticker {
 public:
  Ticker(asio::io_context& loop, StatusRoutes& routes) : routes_(routes), timer_(loop) { tick(); }

 private:
  void tick() {
    routes_.tick();
    timer_.expires_after(std::chrono::microseconds(StatusHistory::kStep));
    timer_.async_wait([this](error_code error) {
      if (!error) tick();
    });
  }

  StatusRoutes& routes_;
  asio::steady_timer timer_;
};

}  // namespace

void serve_http(std::vector<Fd> listeners, int liveness, StatusRoutes& routes,
                HttpCounters& counters) {
  asio::io_context loop(1);
  Server server{routes, counters, {}, {}, {}};
  std::list<Acceptor> acceptors;
  for (Fd& listener : listeners) acceptors.emplace_back(loop, server, std::move(listener));
  const Ticker ticker(loop, routes);
  asio::posix::stream_descriptor alive(loop, liveness);
  alive.async_wait(asio::posix::stream_descriptor::wait_read, [&](error_code) { loop.stop(); });
  loop.run();
  alive.release();
}

}  // namespace pgring
