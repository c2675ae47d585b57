// Did payloads come through as they were sent? Deliveries, effects and what the scan found are compared with
// the checksum of the attempt, where both have one.
#pragma once

#include "check/verdict.h"

namespace squall::check {

// Inconclusive if nothing could be compared. Counts: `compared` (payloads), `corrupted` (inputs).
Verdict check_corrupted(const ledger::Ledger& ledger);

}  // namespace squall::check
