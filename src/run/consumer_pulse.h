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
  // As long as a movement counts. Less than the hold time of time to green (500 ms), so that the last
  // movement of one that died cannot carry a whole span of green. A worker that needs longer than this for
  // one message, and pulls one at a time, looks as if nobody were there: it wants another question.
  static constexpr base::Nanos kBetweenFetches = std::chrono::milliseconds{250};

  // One look more.
  bool is_served(const client::ConsumerStatus& now, base::Instant at);

 private:
  std::optional<client::ConsumerStatus> before_;
  std::optional<base::Instant> moved_at_;
};

}  // namespace squall::run
