#include "report/report_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace squall::report {

std::vector<const CaseReport*> cases_by_urgency(const RunReport& report) {
  std::vector<const CaseReport*> cases;
  for (const auto kind :
       {check::VerdictKind::fail, check::VerdictKind::inconclusive, check::VerdictKind::pass}) {
    for (const CaseReport& each : report.cases) {
      if (each.verdict == kind) cases.push_back(&each);
    }
  }
  return cases;
}

std::vector<const Assertion*> assertions_by_urgency(const CaseReport& report) {
  std::vector<const Assertion*> assertions;
  for (const bool ok : {false, true}) {
    for (const Assertion& each : report.assertions) {
      if (each.ok == ok) assertions.push_back(&each);
    }
  }
  return assertions;
}

std::string upper(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return result;
}

std::string group_digits(std::uint64_t value) {
  std::string digits = std::to_string(value);
  for (std::size_t at = digits.size(); at > 3;) digits.insert(at -= 3, ",");
  return digits;
}

std::string duration_or(std::optional<base::Nanos> value, std::string_view otherwise) {
  return value ? base::format_duration(*value) : std::string(otherwise);
}

TableRow table_row(const CaseReport& report) {
  const check::ClockSummary ttg = clock_of("time to green", report.trials, time_to_green_of).summary;
  TableRow row{.test = report.name,
               .verdict = report.verdict,
               .trials = std::to_string(report.trials.size()),
               .ttg_p50 = "–",
               .ttg_p95 = "–",
               .ttg_max = "–",
               .acked = "–",
               .lost = "–",
               .duplicated = "–"};
  // A case that was cut off before its ledger was looked at has lost nothing and proven nothing.
  if (!report.checks.empty()) {
    row.acked = group_digits(report.totals.acked);
    row.lost = group_digits(report.totals.lost);
    row.duplicated = group_digits(report.totals.duplicated);
  }
  if (ttg.trials == 0) return row;
  row.ttg_p50 = duration_or(ttg.median, "never");
  row.ttg_p95 = ttg.trials < check::kTrialsForP95 ? check::judged_label(ttg) : duration_or(ttg.p95, "never");
  row.ttg_max = duration_or(ttg.worst, "never");
  return row;
}

std::string count_verdicts(const RunReport& report) {
  const auto count = [&](check::VerdictKind kind) {
    return std::count_if(report.cases.begin(), report.cases.end(),
                         [&](const CaseReport& each) { return each.verdict == kind; });
  };
  std::string text = fmt::format("{} of {} tests passed", count(check::VerdictKind::pass),
                                 report.cases.size() + report.not_run);
  if (const auto failed = count(check::VerdictKind::fail); failed > 0)
    text += fmt::format(", {} failed", failed);
  if (const auto open = count(check::VerdictKind::inconclusive); open > 0) {
    text += fmt::format(", {} inconclusive", open);
  }
  if (report.not_run > 0) text += fmt::format(", {} not run", report.not_run);
  return text;
}

std::string describe(const check::Totals& totals) {
  return fmt::format(
      "{} of {} inputs acknowledged: {} lost, {} duplicated, {} unexpected; not acknowledged: {} failed (the "
      "sender was told), {} unanswered but done, {} unanswered and not done",
      group_digits(totals.acked), group_digits(totals.attempted), group_digits(totals.lost),
      group_digits(totals.duplicated), group_digits(totals.unexpected), group_digits(totals.failed),
      group_digits(totals.recovered), group_digits(totals.unknown));
}

std::string describe(const std::vector<check::Count>& counts, std::string_view separator) {
  std::string text;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (i >= 2 && counts[i].value == 0) continue;
    text +=
        fmt::format("{}{} {}", text.empty() ? "" : separator, counts[i].name, group_digits(counts[i].value));
  }
  return text;
}

std::string describe(const ClockReport& clock) {
  std::string text = check::describe(clock.summary);
  if (clock.slo) text += " · want " + base::format_duration(*clock.slo);
  if (clock.bound) text += " · bound " + base::format_duration(*clock.bound);
  return text;
}

std::vector<Segment> segments_of(const TrialReport& trial) {
  const std::optional<base::Nanos> ends[] = {trial.phases.detected,    trial.phases.server_back,
                                             trial.phases.reconnected, trial.phases.first_output,
                                             trial.phases.caught_up,   trial.time_to_green};
  std::vector<Segment> segments;
  const auto earlier = [](const Segment& a, const Segment& b) { return a.to < b.to; };
  for (std::size_t phase = 0; phase < std::size(ends); ++phase) {
    if (!ends[phase]) continue;
    const Segment segment{kPhaseNames[phase], base::Nanos{0}, std::max(*ends[phase], base::Nanos{0})};
    segments.insert(std::upper_bound(segments.begin(), segments.end(), segment, earlier), segment);
  }
  base::Nanos from{0};
  for (Segment& segment : segments) {
    segment.from = from;
    from = segment.to;
  }
  return segments;
}

std::string_view said(std::string_view phase, Victim victim) {
  if (phase != kBack) return phase;
  switch (victim) {
    case Victim::server:
      break;
    case Victim::process:
      return "process back";
    case Victim::link:
      return "fault over";
  }
  return phase;
}

std::string_view said(std::string_view phase, const CaseReport& report) {
  if (phase != kBack || report.trials.empty()) return phase;
  const Victim first = report.trials.front().victim;
  const bool alike =
      std::ranges::all_of(report.trials, [&](const TrialReport& trial) { return trial.victim == first; });
  return alike ? said(phase, first) : "back";
}

std::vector<PhaseLength> phase_split(const CaseReport& report) {
  std::vector<PhaseLength> split;
  for (const std::string_view phase : kPhaseNames) {
    std::vector<std::optional<base::Nanos>> lengths;
    std::size_t faults = 0;
    for (const TrialReport& trial : report.trials) {
      if (!trial.took_effect_at || trial.fault.empty()) continue;
      ++faults;
      for (const Segment& segment : segments_of(trial)) {
        if (segment.phase == phase) lengths.emplace_back(segment.to - segment.from);
      }
    }
    const check::ClockSummary summary = check::summarize(lengths);
    if (summary.median) split.push_back({phase, *summary.median, *summary.worst, summary.trials, faults});
  }
  return split;
}

}  // namespace squall::report
