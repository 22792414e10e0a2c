// The clients: their table, and the reading and writing of their sockets.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/wire.h"
#include "master/client.h"
#include "master/context.h"
#include "master/dispatcher.h"
#include "master/lingering_close.h"
#include "master/login.h"
#include "master/statement_log.h"
#include "master/unit_reader.h"

namespace pgring {

class Frontend {
 public:
  Frontend(Context& context, Dispatcher& dispatcher);

  // Takes every connection that waits on the listener. False where none can be taken for want of
  // descriptors or memory: the listener stays readable, so it is to be left alone for a while.
  bool accept_from(int listener);
  void on_event(uint32_t index, const PollEvent& event);

  // Passes bytes on to the client; keeps what its socket does not take.
  void send(Client& client, std::string_view bytes);
  // Bytes for the client have been moved to its output.
  void on_moved(Client& client) {
    settle_output(client,
                  client.output.pending() == 0 ? WriteResult::kDone : WriteResult::kPending);
  }
  // An error that ends the connection.
  void fail(Client& client, const wire::ErrorFields& fields);
  // An ErrorResponse, unless the client has the beginning of a message and would take it for the
  // rest.
  void send_error(Client& client, std::string_view message);
  // The client is to be closed once its output is written.
  void finish(Client& client);
  // The socket is closed now; what a worker holds of the client is called back.
  void close(Client& client, std::string_view reason);
  // The client's worker has given up its link: the number of a client that is gone becomes free.
  void release_number(Client& client);
  // Makes places of released clients free. Apart, because whoever handles an event of a client may
  // find it closed half-way and must still be able to see that; called once per loop.
  void bury();
  // A client that is gone leaves its link: the worker resets or closes the connection.
  void release_link(Client& client);

  // What is needed once the client has sent something, or is sent something, is fetched into the
  // processor's cache; see common/prefetch.h.
  static constexpr std::size_t kPrefetchSteps = 2;
  void prefetch(uint32_t index, std::size_t step) const;

  // Takes up input that was held back.
  void resume(Client& client);
  Client& client(uint32_t index) { return *clients_[index]; }
  bool exists(uint32_t index) const {
    return index < clients_.size() && clients_[index]->state != ClientState::kFree;
  }
  std::vector<std::unique_ptr<Client>>& all() { return clients_; }
  const std::vector<std::unique_ptr<Client>>& all() const { return clients_; }
  // Clients that are logged in or on the way to it.
  uint32_t count() const { return count_; }
  Login& login() { return login_; }
  LingeringClose& lingering() { return lingering_; }
  StatementLog& statement_log() { return statement_log_; }

  // Set by Master: takes the input of the admin console's clients as UnitReader does others'.
  std::function<ReadVerdict(Client& client, std::string_view& bytes)> on_console_input;

 private:
  void read(Client& client, bool end);
  void process(Client& client, std::string_view bytes);
  void keep(Client& client, std::string_view bytes);
  void set_interest(Client& client, bool reading, bool writing);
  void watch(const Client& client);
  void settle_output(Client& client, WriteResult result);

  Context& context_;
  Dispatcher& dispatcher_;
  UnitReader reader_;
  Login login_;
  LingeringClose lingering_;
  StatementLog statement_log_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::vector<uint32_t> free_;
  std::vector<uint32_t> released_;
  std::vector<char> scratch_;
  uint32_t count_ = 0;
  uint64_t next_session_ = 1;
};

}  // namespace pgring
