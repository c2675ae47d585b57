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
  // An earlier fault of the same trial took effect then: what is normal is measured before it.
  std::optional<base::Instant> disturbed_from;

  // A system that is far behind has work of before observed_from: unfinished inputs from here on count as
  // work that a fault can strike, as far as no later one was finished before it. Nothing: from observed_from
  // on. What an earlier trial lost for good lies before it.
  std::optional<base::Instant> works_from;

  base::Instant unfinished_from() const { return works_from.value_or(observed_from); }
  // The instant until which the system was undisturbed.
  base::Instant normal_until() const { return disturbed_from ? *disturbed_from : took_effect_at; }
  // The work of before it is what this fault owes: all that was sent until it was over.
  base::Instant over_at() const {
    return healed_at && *healed_at > took_effect_at ? *healed_at : took_effect_at;
  }

  bool operator==(const FaultWindow&) const = default;
};

}  // namespace squall::check
