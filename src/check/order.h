// Were effects stored in the order of their inputs, per producer and per order key? From a fault until
// everything is caught up, redelivery may reorder honestly: such inversions are counted, and permitted.
#pragma once

#include <optional>
#include <vector>

#include "check/verdict.h"

namespace squall::check {

// From the instant at which a fault took effect until everything of before it was done; nothing: never.
struct Disturbance {
  base::Instant from;
  std::optional<base::Instant> until;
};

struct OrderOptions {
  bool per_producer = true;
  bool per_key = true;
  std::vector<Disturbance> disturbances;
};

// Inconclusive when there are inversions and the clocks disagree, or when there are too many to place.
// Counts: `inverted` (effects, outside), `inverted.producer`, `inverted.key`, `permitted` (inside).
Verdict check_order(const ledger::Ledger& ledger, const OrderOptions& options = {});

}  // namespace squall::check
