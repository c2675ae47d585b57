// The experiment's expectations against what was measured: each becomes one line that says what was wanted
// and what was got.
#pragma once

#include <vector>

#include "experiment/experiment.h"
#include "ledger/ledger.h"
#include "report/run_report.h"
#include "run/message_judgement.h"

namespace squall::run {

// After the final drain and scan. Fills checks, totals, clocks, assertions, reasons and the verdict of the
// case.
void judge_run(report::CaseReport& report, const experiment::Experiment& experiment,
               const ledger::Ledger& ledger, const RunKnowledge& known);

// "PASS  orders-kill · 10 of 10 faults struck unfinished work · 36 s · seed 7", then a line for each
// expectation with examples of what broke it.
std::string verdict_text(const report::RunReport& report);

}  // namespace squall::run
