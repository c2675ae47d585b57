// Were effects stored in the order of their inputs, per producer and per order key? From a fault until
// everything is caught up, redelivery may reorder honestly: such inversions are counted, and permitted.
#pragma once

#include <vector>

#include "check/disturbance.h"
#include "check/verdict.h"

namespace squall::check {

struct OrderOptions {
  bool per_producer = true;
  bool per_key = true;
  std::vector<Disturbance> disturbances;
};

// Inconclusive when there are inversions and the clocks disagree, or when there are too many to place.
// Counts: `inverted` (effects, outside), `inverted.producer`, `inverted.key`, `permitted` (inside).
Verdict check_order(const ledger::Ledger& ledger, const OrderOptions& options = {});

}  // namespace squall::check
