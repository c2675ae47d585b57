// What a trial's report says of its messages: how much unfinished work its fault struck, and how its inputs
// ended.
#pragma once

#include "check/fault_window.h"
#include "ledger/ledger.h"
#include "report/run_report.h"

namespace squall::run {

// Fills `hits`, `acked`, `failed` and `unknown` of the inputs attempted from the window's start on.
void fill_work(report::TrialReport& report, const ledger::Ledger& ledger, const check::FaultWindow& window);

}  // namespace squall::run
