#include "check/soundness.h"

#include <fmt/format.h>

namespace squall::check {

Verdict check_soundness(const ledger::Ledger& ledger) {
  Verdict verdict = begin_verdict("ledger", ledger);
  verdict.counts = {{"inputs", ledger.size()}};
  if (const auto problem = ledger.clock_problem()) verdict.inconclusive(*problem);
  for (const auto& [stream, scan] : ledger.run().scans) {
    if (scan.complete()) continue;
    verdict.inconclusive(fmt::format("the scan of {} is incomplete: {}", scan.began.name,
                                     scan.ended ? scan.ended->incomplete_because : "it never ended"));
  }
  return verdict;
}

}  // namespace squall::check
