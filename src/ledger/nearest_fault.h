// Which fault of the run stands nearest to an input, for the line that tells all about it.
#pragma once

#include <string>

#include "base/clock.h"
#include "ledger/run_facts.h"

namespace squall::ledger {

// " · sent 12 ms before a fault of worker", by when that took effect; "… while a fault of worker lasted";
// empty where the run had no fault.
std::string nearest_fault(const RunFacts& run, base::Instant attempted_at);

}  // namespace squall::ledger
