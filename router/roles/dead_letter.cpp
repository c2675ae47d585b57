#include "router/roles/dead_letter.h"

#include <fmt/format.h>

#include "router/messages/effect_id.h"
#include "router/messages/json_text.h"

namespace router::roles {

nats::Publication dead_letter_publication(const nats::PulledMessage& pulled, const DeadLetter& letter,
                                          const std::string& dlq_subject) {
  const auto& tokens = pulled.tokens;
  const auto& original = pulled.message;
  nats::Publication publication{
      .subject = dlq_subject,
      // The same message twice is one dead letter; a stream made anew counts from 1 again, hence the time.
      .message_id = fmt::format("dlq-{}-{}-{}", tokens.stream, tokens.stream_sequence,
                                tokens.stored_at.time_since_epoch().count())};
  publication.headers.add("x-dlq-reason", letter.reason);
  if (const auto id = original.headers.get("Nats-Msg-Id"); !id.empty()) {
    publication.headers.add("x-original-msg-id", std::string(id));
  }
  publication.headers.add("x-original-subject", original.subject);
  publication.headers.add("x-original-sequence", std::to_string(tokens.stream_sequence));
  if (letter.with_payload) {
    publication.payload = original.payload;
  } else {
    publication.payload = messages::to_text({{"version", "1"},
                                             {"reason", letter.reason},
                                             {"message", letter.message},
                                             {"payload_sha256", messages::sha256_hex(original.payload)},
                                             {"payload_bytes", original.payload.size()}});
  }
  return publication;
}

}  // namespace router::roles
