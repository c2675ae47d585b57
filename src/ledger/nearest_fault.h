// Which fault of the run stands nearest to an input, for the line that tells all about it.
#pragma once

#include <string>

#include "base/clock.h"
#include "ledger/run_facts.h"

namespace squall::ledger {

// " · attempted 12 ms before fault 3, of worker", counted from when that took effect (until it was healed);
// empty where the run had no fault. With a backlog an input's turn comes long after its attempt, and another
// fault may have struck it then.
std::string nearest_fault(const RunFacts& run, base::Instant attempted_at);

}  // namespace squall::ledger
