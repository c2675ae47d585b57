// Proof that the checkers see: one effect is hidden and one doubled on purpose, in a copy of the ledger.
#pragma once

#include "check/verdict.h"

namespace squall::check {

// Pass if exactly one more input is reported as lost, and exactly one more as duplicated, than the ledger
// itself shows; inconclusive otherwise, and when there are no two finished inputs to lie about. The examples
// name both.
Verdict run_self_test(const ledger::Ledger& ledger);

}  // namespace squall::check
