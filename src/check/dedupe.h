// Was an input that was sent more than once stored once? Judged by identity, by the final scan.
#pragma once

#include "check/verdict.h"

namespace squall::check {

// Inconclusive without a complete scan. Counts: `retried` (inputs), `duplicate_acks`, `stored_twice`,
// `permitted` (of those: sent again only after the duplicate window, or the stream has none), `moved_acks`
// (a later ack named another sequence than the first: the server forgot).
Verdict check_dedupe(const ledger::Ledger& ledger);

}  // namespace squall::check
