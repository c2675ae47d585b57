// Many requests in flight at once, each with its answer, its time-out or the loss of the connection: one
// inbox per connection, and a token per request. JetStream publishes and API calls both go through it.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "router/nats/event_loop.h"
#include "router/nats/nats_message.h"
#include "router/nats/nats_session.h"

namespace router::nats {

enum class NoAnswer {
  timed_out,      // whether it was received is unknown
  disconnected,   // likewise, unless it was never sent
  no_responders,  // nobody listens there: it was not received
  too_large,      // not sent
  bad_subject,    // not sent
};

std::string_view name_of(NoAnswer reason);

using Answer = std::expected<Message, NoAnswer>;
using OnAnswer = std::move_only_function<void(Answer)>;

// Thread: the loop's. Lifetime: outlives loop.run().
class RequestMux {
 public:
  RequestMux(EventLoop& loop, Session& session);

  // `done` is called exactly once, on the loop, and never before this returns.
  void request(std::string_view subject, std::string_view payload, base::Nanos timeout, OnAnswer done,
               const Headers& headers = {});

  std::size_t in_flight() const { return waiting_.size(); }

 private:
  struct Waiting {
    OnAnswer done;
    base::Instant deadline;
  };

  void listen();
  void answered(Message message);
  void fail_all(NoAnswer reason);
  void sweep();

  EventLoop& loop_;
  Session& session_;
  std::string inbox_;
  Subscription subscription_;
  std::unordered_map<std::uint64_t, Waiting> waiting_;
  std::uint64_t last_token_ = 0;
};

}  // namespace router::nats
