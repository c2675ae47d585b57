#include "run/trial_work.h"

#include "check/hits.h"

namespace squall::run {

void fill_work(report::TrialReport& report, const ledger::Ledger& ledger, const check::FaultWindow& window) {
  const check::Hits hits = check::count_hits(ledger, window);
  report.hits.push_back({"in flight", hits.in_flight});
  for (std::size_t stage = 0; stage < hits.waiting_for.size(); ++stage) {
    report.hits.push_back({"waiting for " + ledger.layout().stages[stage], hits.waiting_for[stage]});
  }
  for (const ledger::OpId id : ledger.attempted_since(window.observed_from)) {
    const ledger::Operation operation = ledger.operation(id);
    report.acked += operation.state == ledger::State::ok;
    report.failed += operation.state == ledger::State::failed;
    report.unknown += operation.state == ledger::State::unknown;
  }
}

}  // namespace squall::run
