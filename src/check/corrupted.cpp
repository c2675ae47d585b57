#include "check/corrupted.h"

#include <fmt/format.h>

namespace squall::check {

Verdict check_corrupted(const ledger::Ledger& ledger) {
  Verdict verdict = begin_verdict("corrupted", ledger);
  std::uint64_t corrupted = 0;
  for (ledger::OpId id = 0; id < ledger.size(); ++id) {
    if (!ledger.cards().get(id).has(ledger::Card::corrupted)) continue;
    ++corrupted;
    verdict.add_example(ledger, id);
  }
  verdict.counts = {{"compared", ledger.counts().compared}, {"corrupted", corrupted}};
  if (corrupted > 0) verdict.fail(fmt::format("the payloads of {} inputs came through changed", corrupted));
  if (ledger.counts().compared == 0) verdict.inconclusive("no payload could be compared with what was sent");
  return verdict;
}

}  // namespace squall::check
