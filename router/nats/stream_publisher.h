// Publishing to a JetStream stream: one outcome per publish, many in flight. It never retries.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "router/nats/request_mux.h"

namespace router::nats {

struct Publication {
  std::string subject;
  std::string payload;
  Headers headers;
  // Nats-Msg-Id; empty: none.
  std::string message_id;
  // Only if nothing was ever stored on the subject (expected last subject sequence 0).
  bool first_on_subject = false;
};

struct PublishOutcome {
  enum class Kind {
    stored,
    exists,      // the message id or the subject is taken: something is stored already
    refused,     // by the broker, or for lack of a stream
    impossible,  // it can never be published (too large, bad subject)
    unknown,     // no answer in time: stored or not
    disconnected,
  };
  Kind kind = Kind::unknown;
  std::uint64_t sequence = 0;  // stored: where
  std::string text;            // for people, of all kinds but stored and exists
};

// Thread: the loop's.
class StreamPublisher {
 public:
  using Done = std::move_only_function<void(PublishOutcome)>;

  StreamPublisher(RequestMux& requests, base::Nanos timeout) : requests_(requests), timeout_(timeout) {}

  // `done` is called exactly once, on the loop, and never before this returns.
  void publish(const Publication& publication, Done done);

 private:
  RequestMux& requests_;
  base::Nanos timeout_;
};

// The outcome that an answer means.
PublishOutcome outcome_of(const Answer& answer);

}  // namespace router::nats
