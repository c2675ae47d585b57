// A span in which what a fault did still shows.
#pragma once

#include <optional>
#include <vector>

#include "base/clock.h"

namespace squall::check {

// From the instant at which a fault took effect until everything of before it was done; nothing: never.
struct Disturbance {
  base::Instant from;
  std::optional<base::Instant> until;
  // When the fault itself was over; nothing: not known.
  std::optional<base::Instant> over = std::nullopt;
};

bool within(const std::vector<Disturbance>& disturbances, base::Instant at);

}  // namespace squall::check
