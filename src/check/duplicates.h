// Did an input have an effect twice? Judged on stored effects only: a redelivery is none, and a publish that
// the stream refused as a duplicate is none.
#pragma once

#include "check/verdict.h"

namespace squall::check {

// Counts: `effects` (stored, all stages), `duplicated` (inputs), `duplicated.<stage>` (inputs), `surplus`
// (effects beyond the first of their stage).
Verdict check_duplicates(const ledger::Ledger& ledger);

}  // namespace squall::check
