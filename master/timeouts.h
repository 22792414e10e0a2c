// Everything that takes too long: logins, waiting in the queue, queries, transactions, idleness.
#pragma once

#include "master/context.h"
#include "master/dispatcher.h"
#include "master/frontend.h"

namespace pgring {

class Timeouts {
 public:
  Timeouts(Context& context, Dispatcher& dispatcher, Frontend& frontend)
      : context_(context), dispatcher_(dispatcher), frontend_(frontend) {}

  // Looks at every client; called a few times a second.
  void check();

 private:
  void check_client(Client& client);
  void check_waiting(Client& client);

  Context& context_;
  Dispatcher& dispatcher_;
  Frontend& frontend_;
};

}  // namespace pgring
