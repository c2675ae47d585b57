// The rate of effects (or acknowledgements) over time, out of the ledger.
#pragma once

#include <string>

#include "base/clock.h"
#include "ledger/ledger.h"
#include "report/run_report.h"

namespace squall::report {

struct SeriesSpan {
  base::Instant run_start;  // the zero of the report's times
  base::Instant from;
  base::Instant until;
  base::Nanos bin{100'000'000};
};

// Inputs by their first stored effect of one stage, per bin, named "<stage> effects". Only inputs whose times
// the ledger still knows (LedgerOptions::keep_times).
Series effects_over_time(const ledger::Ledger& ledger, ledger::Stage stage, const SeriesSpan& span);

}  // namespace squall::report
