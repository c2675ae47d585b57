// A run that never was: a passing, a failing, an inconclusive and a control test, with everything that a
// report can show. Fixed, so that the reports can be compared byte for byte.
#pragma once

#include "evidence/read_back.h"
#include "report/run_report.h"

namespace squall::golden {

report::RunReport example_report();
evidence::Timeline example_timeline();

}  // namespace squall::golden
