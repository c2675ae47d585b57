// Did the system do something that nobody asked for? An effect whose key was never attempted, or one of an
// input that was certainly refused.
#pragma once

#include "check/verdict.h"

namespace squall::check {

// Counts: `unexpected` (effects), `unexpected.<stage>`, `refused_but_done` (inputs).
Verdict check_unexpected(const ledger::Ledger& ledger);

}  // namespace squall::check
