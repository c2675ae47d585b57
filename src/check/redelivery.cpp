#include "check/redelivery.h"

#include <fmt/format.h>

#include <algorithm>

namespace squall::check {
namespace {

bool is_permitted(const ledger::AfterConfirm& again, const ledger::RunFacts& run, base::Nanos grace) {
  return again.confirmed_at &&
         std::any_of(run.faults.begin(), run.faults.end(), [&](const ledger::FaultSpan& fault) {
           const bool server_died = fault.struck.fault_class == ledger::FaultClass::process_kill ||
                                    fault.struck.fault_class == ledger::FaultClass::power_loss;
           return server_died && *again.confirmed_at <= fault.struck.at &&
                  *again.confirmed_at >= fault.struck.at - grace && again.delivered_at >= fault.struck.at;
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
                    "within {} of it",
                    violations, base::format_duration(grace)));
  }
  return verdict;
}

}  // namespace squall::check
