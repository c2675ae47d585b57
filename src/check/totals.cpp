#include "check/totals.h"

#include <algorithm>

namespace squall::check {

Totals count_totals(const ledger::Ledger& ledger) {
  const ledger::Counts& counts = ledger.counts();
  Totals totals{.attempted = counts.attempted, .acked = counts.ok, .failed = counts.failed};
  for (ledger::OpId id = 0; id < ledger.size(); ++id) {
    const ledger::Operation operation = ledger.operation(id);
    bool missing = false;
    bool doubled = false;
    for (const ledger::StageEffects& stage : operation.effects) {
      missing = missing || stage.count == 0;
      doubled = doubled || stage.count > 1;
    }
    if (operation.acknowledged() && missing) ++totals.lost;
    if (doubled) ++totals.duplicated;
    // An input without an outcome is as unknown as one whose outcome says so.
    if (operation.state == ledger::State::unknown || operation.state == ledger::State::open) {
      ++(operation.has_effect() ? totals.recovered : totals.unknown);
    }
  }
  totals.unexpected = ledger.unexpected().size();
  return totals;
}

}  // namespace squall::check
