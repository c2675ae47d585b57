#include "check/redelivery.h"

#include <fmt/format.h>

#include <algorithm>

namespace squall::check {
namespace {

using ledger::FaultClass;

bool was_forgotten(const ledger::AfterConfirm& again, const ledger::FaultSpan& fault, base::Nanos grace) {
  const FaultClass of = fault.struck.fault_class;
  if (of != FaultClass::process_kill && of != FaultClass::power_loss) return false;
  return *again.confirmed_at <= fault.struck.at && *again.confirmed_at >= fault.struck.at - grace &&
         again.delivered_at >= fault.struck.at;
}

bool was_held_up(const ledger::AfterConfirm& again, const ledger::FaultSpan& fault) {
  const FaultClass of = fault.struck.fault_class;
  if (of != FaultClass::process_freeze && of != FaultClass::network && of != FaultClass::messages)
    return false;
  // What it held arrives when it is over, and not later.
  const base::Instant over = fault.healed_at.value_or(again.delivered_at);
  return fault.struck.at <= *again.confirmed_at && over >= *again.confirmed_at &&
         again.delivered_at <= over + kUnderWay;
}

bool is_permitted(const ledger::AfterConfirm& again, const ledger::RunFacts& run, base::Nanos grace) {
  if (!again.confirmed_at) return false;
  if (again.delivered_at - *again.confirmed_at <= kUnderWay) return true;
  return std::any_of(run.faults.begin(), run.faults.end(), [&](const ledger::FaultSpan& fault) {
    return was_forgotten(again, fault, grace) || was_held_up(again, fault);
  });
}

}  // namespace

Verdict check_redelivery(const ledger::Ledger& ledger, base::Nanos grace) {
  Verdict verdict = begin_verdict("redelivery", ledger);
  std::uint64_t permitted = 0;
  std::uint64_t violations = 0;
  for (const ledger::AfterConfirm& again : ledger.after_confirm()) {
    if (is_permitted(again, ledger.run(), grace)) {
      ++permitted;
      continue;
    }
    ++violations;
    verdict.add_example(ledger, again.id);
  }
  verdict.counts = {
      {"after_confirm", permitted + violations}, {"permitted", permitted}, {"violations", violations}};
  if (violations > 0) {
    verdict.fail(
        fmt::format("{} deliveries of what was acked, and the ack confirmed, without a server killed "
                    "within {} of it: NATS forgot the acks, or the consumer was made anew",
                    violations, base::format_duration(grace)));
  }
  return verdict;
}

}  // namespace squall::check
