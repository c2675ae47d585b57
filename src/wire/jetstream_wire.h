// JetStream as it shows on the wire: API subjects, ack reply subjects, PubAck bodies.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace squall::wire {

// The reply subject of a delivered message: $JS.ACK. with 9 tokens, or 11 and more with domain and account.
struct AckSubject {
  std::string_view domain;        // empty: none
  std::string_view account_hash;  // empty in the 9-token form
  std::string_view stream;
  std::string_view consumer;
  std::uint64_t delivered = 0;  // 1 at the first delivery
  std::uint64_t stream_seq = 0;
  std::uint64_t consumer_seq = 0;
  base::WallInstant stored_at{};
  std::uint64_t num_pending = 0;
};
// Nothing when it is no such subject. The views point into `subject`.
std::optional<AckSubject> parse_ack_subject(std::string_view subject);

// What a client answers to a delivery: the payload of a PUB to its ack subject.
enum class AckVerb {
  kAck,       // +ACK, or nothing
  kNak,       // -NAK [{"delay": ns}]
  kProgress,  // +WPI
  kTerm,      // +TERM [reason]
  kNext,      // +NXT [request]: an acknowledgement and a pull
};
// Nothing for a payload that nats-server ignores.
std::optional<AckVerb> parse_ack_verb(std::string_view payload);
// "-NAK", or with the time after which the message shall come again.
std::string nak_payload(base::Nanos delay = {});

// "$JS.API.STREAM.INFO.ORDERS" → {"", "STREAM.INFO", "ORDERS", ""}; "$JS.<domain>.API.…" too.
struct ApiSubject {
  std::string_view domain;     // empty: none
  std::string_view operation;  // "STREAM.INFO", "CONSUMER.MSG.NEXT", "INFO", …
  std::string_view stream;     // empty: not about one
  std::string_view consumer;   // empty: not about one
};
// Nothing when it is no API subject, or of an operation that is not known.
std::optional<ApiSubject> parse_api_subject(std::string_view subject);
// "$JS.API." + operation [+ "." + stream [+ "." + consumer]].
std::string api_subject(std::string_view operation, std::string_view stream = {},
                        std::string_view consumer = {});

// What a stream answers a publisher. Only stored() is an acknowledgement: error bodies carry "seq":0, and
// some servers answer {"seq":0,"duplicate":true} for what they never store.
struct PubAck {
  std::string stream;
  std::string domain;
  std::uint64_t seq = 0;
  bool duplicate = false;
  int error_code = 0;    // the HTTP-like class: 400, 404, 503; 0: no error
  int error_number = 0;  // NATS's err_code: 10071 …
  std::string error_text;
  bool has_error = false;

  bool stored() const { return !has_error && seq > 0; }
};
// Errors: the body is no JSON object, or a field has the wrong type.
base::Result<PubAck> parse_pub_ack(std::string_view body);

}  // namespace squall::wire
