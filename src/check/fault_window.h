// The span of the ledger that belongs to one fault.
#pragma once

#include <optional>

#include "base/clock.h"

namespace squall::check {

struct FaultWindow {
  // The trial's start: the system was green. Inputs attempted before it belong to earlier trials.
  base::Instant observed_from;
  base::Instant took_effect_at;
  // The disturbance was over (the server was ready again, the process thawed). Nothing if never.
  std::optional<base::Instant> healed_at;
  // The trial's end. What has not happened by then is censored: "never", not a big number.
  base::Instant observed_until;

  bool operator==(const FaultWindow&) const = default;
};

}  // namespace squall::check
