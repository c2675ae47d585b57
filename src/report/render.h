// The report for people and for CI, drawn from the model and the timeline. Pure: text out.
#pragma once

#include <string>

#include "base/result.h"
#include "evidence/read_back.h"
#include "evidence/run_folder.h"
#include "report/run_report.h"

namespace squall::report {

std::string render_markdown(const RunReport& report, const evidence::Timeline& timeline);
// One self-contained page: no script, no external resource, inline SVG.
std::string render_html(const RunReport& report, const evidence::Timeline& timeline);
// A failed case is a `failure`, an inconclusive one an `error`, each with the reasons.
std::string render_junit(const RunReport& report);

struct TableOptions {
  bool colour = false;
};
// test, verdict, trials, TTG, acked, lost, duplicated; for the terminal.
std::string render_table(const RunReport& report, const TableOptions& options);

// The full timeline of one trial as text, from `lead` before the fault to its end.
struct TrialTimelineOptions {
  base::Nanos lead{500'000'000};
};
std::string render_trial_timeline(const CaseReport& report, const TrialReport& trial,
                                  const evidence::Timeline& timeline,
                                  const TrialTimelineOptions& options = {});

// Writes verdict.json, report.md, report.html and junit.xml into the folder and seals it.
base::Result<void> write_reports(evidence::RunFolder& folder, const RunReport& report);

}  // namespace squall::report
