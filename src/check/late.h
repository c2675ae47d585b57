// Was the final effect there in time? From the instant at which the schedule wanted the input sent, so that a
// stall does not hide what it held up. An accepted input that was never finished is later than any limit.
#pragma once

#include <optional>
#include <vector>

#include "check/disturbance.h"
#include "check/verdict.h"

namespace squall::check {

struct LateLimit {
  double share = 1.0;    // of the inputs: 0.99 for "p99"; 1 for all of them
  base::Nanos limit{0};  // that they must keep
  // Inputs that were due within one of them, or up to kTouchedBefore before it, are left out.
  std::vector<Disturbance> disturbances = {};
};

// What was due so shortly before a fault may have been unfinished when it struck.
inline constexpr base::Nanos kTouchedBefore = std::chrono::seconds(1);

// What that share keeps; nothing: never, because too many inputs were not finished, or none was looked at.
std::optional<base::Nanos> latency_at(const ledger::Ledger& ledger, const LateLimit& limit);

// Inconclusive when the clocks disagree, or no input is left to look at. Counts: `finished`, `unfinished`,
// `late` (finished, over the limit), `p50_us`, `p90_us`, `p99_us`, `worst_us` of the finished ones. Examples
// are the slowest.
Verdict check_late(const ledger::Ledger& ledger, const LateLimit& limit);

}  // namespace squall::check
