// What became of the messages, against what the experiment expects: losses by cause, duplicates, order,
// latency and the like, each as one line with what was wanted and what was got.
#pragma once

#include <string>
#include <vector>

#include "check/order.h"
#include "experiment/experiment.h"
#include "ledger/ledger.h"
#include "report/run_report.h"
#include "workload/recorder.h"

namespace squall::run {

// What the runner knows beside the ledger.
struct RunKnowledge {
  std::vector<check::Disturbance> disturbances;  // of each fault, until everything of before it was done
  std::string left;                              // when the final drain's time was up; empty: nothing
  std::vector<workload::Doubt> doubts;

  // Effects may be there that nobody saw: what is missing need not be lost.
  bool effects_may_be_unseen() const;
};

// Fills checks, totals, the assertions of Group::messages, and notes.
void judge_messages(report::CaseReport& report, const experiment::Experiment& experiment,
                    const ledger::Ledger& ledger, const RunKnowledge& known);

// Whether the assertion is about something that is not there (a loss, a clock that never ended) rather than
// about something that is (a duplicate, a changed payload): unseen effects make only the former doubtful.
bool is_about_absence(const report::Assertion& assertion);

}  // namespace squall::run
