// Did an input have an effect more often than declared? Judged on stored effects only: a redelivery is none,
// and a publish that the stream refused as a duplicate is none.
#pragma once

#include "check/promise.h"
#include "check/verdict.h"

namespace squall::check {

// Counts: `effects` (stored, all stages), `duplicated` (inputs), `duplicated.<stage>` (inputs), `surplus`
// (effects beyond those declared), `redelivered` (deliveries beyond the first: honest, and worth knowing).
Verdict check_duplicates(const ledger::Ledger& ledger, Promise promise = Promise::exactly_once);

}  // namespace squall::check
