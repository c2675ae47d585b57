#include "router/nats/stream_publisher.h"

#include <fmt/format.h>

#include "router/nats/pub_ack.h"

namespace router::nats {

void StreamPublisher::publish(const Publication& publication, Done done) {
  Headers headers = publication.headers;
  if (!publication.message_id.empty()) headers.add("Nats-Msg-Id", publication.message_id);
  if (publication.first_on_subject) headers.add("Nats-Expected-Last-Subject-Sequence", "0");
  requests_.request(
      publication.subject, publication.payload, timeout_,
      [done = std::move(done)](const Answer& answer) mutable { done(outcome_of(answer)); }, headers);
}

PublishOutcome outcome_of(const Answer& answer) {
  using Kind = PublishOutcome::Kind;
  if (!answer) {
    const std::string text(name_of(answer.error()));
    switch (answer.error()) {
      case NoAnswer::timed_out:
        return {.kind = Kind::unknown, .text = text};
      case NoAnswer::disconnected:
        return {.kind = Kind::disconnected, .text = text};
      case NoAnswer::no_responders:
        return {.kind = Kind::refused, .text = "no stream takes this subject"};
      case NoAnswer::too_large:
      case NoAnswer::bad_subject:
        return {.kind = Kind::impossible, .text = text};
    }
  }
  const auto ack = parse_pub_ack(answer->payload);
  if (ack.is_stored()) return {.kind = ack.duplicate ? Kind::exists : Kind::stored, .sequence = ack.sequence};
  if (ack.error_code == kWrongLastSequence) return {.kind = Kind::exists};
  return {.kind = Kind::refused, .text = fmt::format("{} ({})", ack.error, ack.error_code)};
}

}  // namespace router::nats
