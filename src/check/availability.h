// For how long could nobody publish, per kind of operation, over the whole run?
#pragma once

#include "check/verdict.h"

namespace squall::check {

// Fails if an outage (ledger/outage_fold.h) was longer than the limit, or never ended. Without a limit it
// only counts. Counts per kind that had any: `outages.<kind>`, `longest_us.<kind>`, `failed.<kind>`,
// `unknown.<kind>`.
Verdict check_availability(const ledger::Ledger& ledger, std::optional<base::Nanos> limit = {});

}  // namespace squall::check
