// Small pieces of text that all renderers share, so that they say the same thing in the same words.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "report/run_report.h"

namespace squall::report {

// Failing first, then inconclusive, then passing; else in the order run.
std::vector<const CaseReport*> cases_by_urgency(const RunReport& report);
// The false ones first.
std::vector<const Assertion*> assertions_by_urgency(const CaseReport& report);

std::string upper(std::string_view text);       // "PASS"
std::string group_digits(std::uint64_t value);  // "7,163"
std::string duration_or(std::optional<base::Nanos> value, std::string_view otherwise);

// The columns of every verdict table.
struct TableRow {
  std::string test;
  check::VerdictKind verdict;
  std::string trials, ttg_p50, ttg_p95, ttg_max, acked, lost, duplicated;
};
// Below 59 trials the p95 cell says "worst of n". Trials without a fault have no time to green.
TableRow table_row(const CaseReport& report);

// "1 of 3 tests passed, 1 failed, 1 inconclusive"
std::string count_verdicts(const RunReport& report);
// "7,163 of 7,182 inputs acknowledged: 0 lost, 0 duplicated, 0 unexpected; not acknowledged: 12 failed (the
// sender was told), 4 unanswered but done, 3 unanswered and not done"
std::string describe(const check::Totals& totals);
// "acknowledged 3,510 · lost 2 · by_service 2": the first two, and of the others, which split them, what is
// not zero. verdict.json has them all.
std::string describe(const std::vector<check::Count>& counts, std::string_view separator);
// "p50 2.00 s, worst of 10: 2.01 s · want 30.00 s · bound 5.00 s"
std::string describe(const ClockReport& clock);

// One stretch of a trial's way back to green, named by what ends it.
struct Segment {
  std::string_view phase;  // one of kPhaseNames
  base::Nanos from{0};     // since the fault took effect
  base::Nanos to{0};
};
inline constexpr std::string_view kBack = "server back";
inline constexpr std::string_view kPhaseNames[] = {"detected",     kBack,       "reconnected",
                                                   "first output", "caught up", "green"};
// By time; what was never seen is missing. Ends with "green" if the trial came back.
std::vector<Segment> segments_of(const TrialReport& trial);

// How long each phase took, over the trials that came through it; phases that none came through are missing.
struct PhaseLength {
  std::string_view phase;
  base::Nanos median{0};
  base::Nanos worst{0};
  std::size_t trials = 0;  // that came through it
  std::size_t of = 0;      // with a fault that took effect
};
// A phase in the words of those whom it is about: of a process "process back", of a link "fault over".
std::string_view said(std::string_view phase, Victim victim);
// Of a case whose trials strike different ones: "back".
std::string_view said(std::string_view phase, const CaseReport& report);
std::vector<PhaseLength> phase_split(const CaseReport& report);

}  // namespace squall::report
