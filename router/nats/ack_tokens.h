// What the reply subject of a JetStream delivery says about it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace router::nats {

namespace base = squall::base;

struct AckTokens {
  std::string stream;
  std::string consumer;
  std::uint64_t delivered = 0;  // how often, this time included
  std::uint64_t stream_sequence = 0;
  std::uint64_t consumer_sequence = 0;
  base::WallInstant stored_at;
  std::uint64_t pending = 0;  // more messages behind this one
};

// Reads both forms, 9 tokens ($JS.ACK.<stream>.<consumer>.…) and at least 11 ($JS.ACK.<domain>.<account>.…);
// nothing if it is neither.
std::optional<AckTokens> parse_ack_subject(std::string_view subject);

}  // namespace router::nats
