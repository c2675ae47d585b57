// Was anything lost? Judged after the final drain: an input that was acknowledged and lacks a stored effect,
// per stage. Unknown and failed outcomes are never losses.
#pragma once

#include "check/verdict.h"

namespace squall::check {

// Counts: `acknowledged`, `lost` (inputs), `lost.<stage>` (inputs without that effect), and where the lost
// ones lie among the acknowledged: `prefix` (before the first finished one), `middle` (a proven hole),
// `tail`.
Verdict check_lost(const ledger::Ledger& ledger);

}  // namespace squall::check
