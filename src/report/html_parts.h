// The pieces of the HTML page. Only for html*.cpp of this folder.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "evidence/read_back.h"
#include "report/run_report.h"

namespace squall::report::html {

// Text that may hold anything, for content and for attributes in double quotes.
std::string escape(std::string_view text);

// The whole style sheet: light and dark, paper, and narrow screens.
std::string_view style();

// "<span class="badge fail">FAIL</span>"
std::string badge(check::VerdictKind kind);

// A bar per trial, split into the phases of its way back, with a legend and a scale. Empty without a fault
// that took effect.
std::string phase_bars(const CaseReport& report);

// The case from its start to its end: faults shaded, events as ticks, rates as areas.
std::string timeline_chart(const CaseReport& report, const std::vector<evidence::TimelineEntry>& events);

// A section with everything about one case.
std::string case_section(const CaseReport& report, const evidence::Timeline& timeline);

}  // namespace squall::report::html
