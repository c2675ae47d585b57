// Did NATS break its promise? Each input that it acknowledged and lost is judged against the deployment's
// configuration and the faults of the run: a violation, or permitted, with the setting that would forbid it.
#pragma once

#include "check/verdict.h"

namespace squall::check {

struct Ruling {
  bool violation = true;
  std::string setting;  // what would forbid it, where it is permitted
};
// Of one input that was lost in NATS (loss_cause.h).
Ruling rule_on_loss(const ledger::Ledger& ledger, ledger::OpId id);

// Inconclusive if something was lost in NATS and the configuration is not known. Counts: `in_nats`,
// `violations`, `permitted`. Permitted losses are named in `examples`, with the setting, and are no fail.
Verdict check_durability(const ledger::Ledger& ledger);

}  // namespace squall::check
