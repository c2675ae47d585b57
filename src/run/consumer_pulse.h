// Whether somebody takes messages from a consumer, told from what the server says of it, look by look.
#pragma once

#include <optional>

#include "base/clock.h"
#include "client/jetstream.h"

namespace squall::run {

// An open pull says so, and so does a push that is bound. But who pulls in batches has no pull open while it
// works on one: then it counts that the consumer moved a moment ago (something was delivered, or acked).
class ConsumerPulse {
 public:
  // As long as a movement counts. Long enough for clients that fill a batch without an open pull (nats-py's
  // fetch with a time-out of a second). That somebody is frozen over his work shows earlier, in the backlog.
  // Who needs longer for one message, and pulls one at a time, looks as if nobody were there: he wants
  // another question.
  static constexpr base::Nanos kBetweenFetches = std::chrono::seconds{2};

  // One look more.
  bool is_served(const client::ConsumerStatus& now, base::Instant at);

 private:
  std::optional<client::ConsumerStatus> before_;
  std::optional<base::Instant> moved_at_;
};

}  // namespace squall::run
