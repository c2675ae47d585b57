// Was anything lost? Judged after the final drain: an input that was acknowledged and lacks a stored effect
// that was declared for it, per stage. Unknown and failed outcomes are never losses.
#pragma once

#include "check/promise.h"
#include "check/verdict.h"

namespace squall::check {

// Counts: `acknowledged`, `lost` (inputs), `lost.<stage>` (inputs without that effect); where the lost ones
// lie among the acknowledged: `prefix` (before the first finished one), `middle` (a proven hole), `tail`; and
// for each cause (loss_cause.h) `<cause>`, `<cause>.prefix`, `<cause>.middle` and `<cause>.tail`.
Verdict check_lost(const ledger::Ledger& ledger, Promise promise = Promise::exactly_once);

}  // namespace squall::check
