// Whether the clocks that the records' times come from agree. Effects are stamped by the server's wall clock,
// everything else by our monotonic one; a wall clock that jumps makes every latency a lie.
#pragma once

#include <algorithm>
#include <optional>
#include <string>

#include "base/clock.h"

namespace squall::ledger {

class ClockWatch {
 public:
  // What both clocks' resolution, and a reading of both, may differ by.
  static constexpr base::Nanos kTolerance = std::chrono::milliseconds(50);

  // An instant of our own, in the order in which they were recorded.
  void ours(base::Instant at) {
    if (at + kTolerance < theirs_) ahead_ = std::max(ahead_, theirs_ - at);
    // What was recorded before is compared once.
    theirs_ = std::min(theirs_, at);
  }
  // An effect of an input that was attempted at `attempted`.
  void theirs(base::Instant at, base::Instant attempted) {
    theirs_ = std::max(theirs_, at);
    if (at + kTolerance < attempted) behind_ = std::max(behind_, attempted - at);
  }

  std::optional<std::string> problem() const {
    if (behind_ > base::Nanos{0}) {
      return "the server's clock jumped back: an effect is stored " + base::format_duration(behind_) +
             " before its input was sent";
    }
    if (ahead_ > base::Nanos{0}) {
      return "the server's clock jumped ahead: an effect was read " + base::format_duration(ahead_) +
             " before it was stored";
    }
    return std::nullopt;
  }

 private:
  base::Instant theirs_;
  base::Nanos ahead_{0};
  base::Nanos behind_{0};
};

}  // namespace squall::ledger
