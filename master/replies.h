// What the workers' frames mean for clients and tasks, and what becomes of the tasks of a worker
// that has died.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/frame.h"
#include "common/wire.h"
#include "master/context.h"
#include "master/dispatcher.h"
#include "master/frontend.h"

namespace pgring {

class Replies {
 public:
  Replies(Context& context, Dispatcher& dispatcher, Frontend& frontend)
      : context_(context), dispatcher_(dispatcher), frontend_(frontend) {}

  // See FrameSink.
  static constexpr std::size_t kPrefetchSteps = 1 + Frontend::kPrefetchSteps;
  void prefetch(const FrameHeader& header, std::size_t step);
  void on_frame(uint8_t worker, const FrameHeader& header, std::string_view payload);
  // See FrameSink.
  ssize_t move(uint8_t worker, const FrameHeader& header, int pipe);
  // `worker` is dead and its pipe has been read to the end.
  void on_worker_death(uint8_t worker);

  // A unit that no worker has ends with an error of pgring's own; the client goes on.
  void fail_unit(Client& client, const wire::ErrorFields& fields);
  // Acts on a CancelRequest.
  void cancel(uint32_t pid, std::string_view key);

 private:
  Client* client_of(uint8_t worker, const FrameHeader& header);
  void on_task_frame(uint8_t worker, const FrameHeader& header, std::string_view payload);
  void on_reply(Client& client, const FrameHeader& header, std::string_view payload);
  void on_end(Client& client, uint8_t worker, const FrameHeader& header);
  void on_failed(Client& client, const FrameHeader& header, std::string_view payload);
  void on_retry(Client& client, bool moved);
  void on_link_lost(uint32_t index, uint8_t worker, std::string_view payload);
  void on_login_failed(uint32_t lane, const FrameHeader& header, std::string_view payload);
  void take_rest_back(Client& client);
  void after_unit(Client& client);
  void reclaim(Client& client, TaskWord word);
  void send_error(Client& client, std::string_view error);
  void lose_link(Client& client, std::string_view error);
  void count_sent(const Client& client, std::size_t bytes);
  void forward(Client& client, const FrameHeader& header, std::string_view payload);

  Context& context_;
  Dispatcher& dispatcher_;
  Frontend& frontend_;
};

}  // namespace pgring
