// JetStream as it shows on the wire: API subjects, ack reply subjects, PubAck bodies; and subject matching.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace squall::wire {

// Whether a subject matches a pattern with `*` (one token) and `>` (one or more, at the end).
bool subject_matches(std::string_view pattern, std::string_view subject);
// Tokens are not empty and hold no blank or control character; wildcards only if `wildcards`.
struct SubjectRules {
  bool wildcards = false;
};
bool is_valid_subject(std::string_view subject, SubjectRules rules = {});

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
std::optional<AckSubject> parse_ack_subject(std::string_view subject);

// "$JS.API.STREAM.INFO.ORDERS" → {"STREAM.INFO", "ORDERS", ""}; "$JS.<domain>.API.…" too. Nothing when it is
// no API subject of JetStream.
struct ApiSubject {
  std::string_view domain;     // empty: none
  std::string_view operation;  // "STREAM.INFO", "CONSUMER.MSG.NEXT", "INFO", …
  std::string_view stream;     // empty: not about one
  std::string_view consumer;   // empty: not about one
};
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

  bool stored() const { return error_code == 0 && error_number == 0 && error_text.empty() && seq > 0; }
  bool refused() const { return error_code != 0 || error_number != 0 || !error_text.empty(); }
};
// Errors: the body is no JSON object.
base::Result<PubAck> parse_pub_ack(std::string_view body);

}  // namespace squall::wire
