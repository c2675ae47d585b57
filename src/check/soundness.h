// Can the ledger prove anything at all? Combine this verdict with the others.
#pragma once

#include "check/verdict.h"

namespace squall::check {

// Never a fail. Inconclusive when records contradict each other or are missing, when the clocks that times
// come from disagree, and when a scan of an input stream is incomplete.
Verdict check_soundness(const ledger::Ledger& ledger);

}  // namespace squall::check
