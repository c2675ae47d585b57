// How many messages a consumer's open pull requests may still bring. Pure bookkeeping: deliveries do not say
// to which pull they belong, so only the sum is kept; pulls that end tell what they left, and when none is
// open it is zero.
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>

#include "base/clock.h"

namespace router::nats {

namespace base = squall::base;

class PullCredit {
 public:
  // `gone_at`: when the pull is certainly over, even if the server never said so.
  void sent(std::uint64_t pull, int batch, base::Instant gone_at);
  void received();
  // The server ended a pull. `left`: what it did not deliver of it; nothing: it delivered none of it.
  // False if the pull is not known (one of an earlier connection).
  bool ended(std::uint64_t pull, std::optional<int> left);
  void forget_those_gone(base::Instant now);
  void clear();

  int outstanding() const { return outstanding_; }

 private:
  struct Pull {
    int batch;
    base::Instant gone_at;
  };

  void settle();

  std::unordered_map<std::uint64_t, Pull> pulls_;
  int outstanding_ = 0;
};

}  // namespace router::nats
