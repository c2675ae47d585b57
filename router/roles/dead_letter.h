// What becomes of a message that can never succeed: its publication to `<subject>.dlq`.
#pragma once

#include <string>

#include "router/nats/pull_consumer.h"
#include "router/nats/stream_publisher.h"

namespace router::roles {

struct DeadLetter {
  std::string reason;   // x-dlq-reason: an error code, or attempts_exhausted
  std::string message;  // for people
  // The payload goes along only if it was valid: an invalid one may be anything, and is named by its SHA-256.
  bool with_payload = false;
};

nats::Publication dead_letter_publication(const nats::PulledMessage& pulled, const DeadLetter& letter,
                                          const std::string& dlq_subject);

}  // namespace router::roles
