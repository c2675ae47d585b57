#include <fmt/format.h>

#include <algorithm>

#include "report/render.h"
#include "report/report_text.h"

namespace squall::report {
namespace {

struct Line {
  base::Nanos at;  // since the run's start
  std::string kind;
  std::string what;
};

// Behind those of the same instant.
void insert_by_time(std::vector<Line>& lines, Line line) {
  const auto place = std::upper_bound(lines.begin(), lines.end(), line,
                                      [](const Line& a, const Line& b) { return a.at < b.at; });
  lines.insert(place, std::move(line));
}

void add_clocks_of_each(std::vector<Line>& lines, const TrialReport& trial) {
  for (const FaultReport& fault : trial.faults) {
    const auto add = [&](std::string_view name, const std::optional<base::Nanos>& value) {
      if (!value) return;
      insert_by_time(lines, {*trial.took_effect_at + fault.after + *value, "clock",
                             fmt::format("{} {} after {}", name, base::format_duration(*value), fault.what)});
    };
    add("over", fault.over);
    add("first output", fault.first_output);
    add("caught up", fault.caught_up);
    add("green", fault.green);
  }
}

void add_clocks(std::vector<Line>& lines, const TrialReport& trial) {
  if (!trial.took_effect_at) return;
  if (trial.faults.size() > 1) {
    add_clocks_of_each(lines, trial);
    return;
  }
  for (const Segment& segment : segments_of(trial)) {
    insert_by_time(lines, {*trial.took_effect_at + segment.to, "clock",
                           fmt::format("{} after {}", said(segment.phase, trial.victim),
                                       base::format_duration(segment.to))});
  }
}

}  // namespace

std::string render_trial_timeline(const CaseReport& report, const TrialReport& trial,
                                  const evidence::Timeline& timeline, const TrialTimelineOptions& options) {
  const base::Nanos zero = trial.took_effect_at.value_or(trial.began_at);
  std::vector<Line> lines;
  for (const evidence::TimelineEntry& entry : timeline.entries) {
    if (entry.since_start < zero - options.lead || entry.since_start > trial.ended_at) continue;
    // Those of another case or trial that ran at the same time are left out; those of the run stay.
    if (!entry.case_name.empty() && entry.case_name != report.name) continue;
    if (entry.trial && *entry.trial != trial.number) continue;
    insert_by_time(lines, {entry.since_start, std::string(evidence::to_string(entry.kind)), entry.what});
  }
  add_clocks(lines, trial);

  std::string text = fmt::format("{}, trial {}: {}\n", report.name, trial.number,
                                 trial.summary.empty() ? make_summary(trial) : trial.summary);
  text += fmt::format("  0 is the instant at which {}\n",
                      trial.took_effect_at ? "the fault took effect" : "the trial began");
  for (const Line& line : lines) {
    text += fmt::format("{:>+13.3f} ms  {:<8} {}\n", base::to_ms(line.at - zero), line.kind, line.what);
  }
  if (timeline.unreadable_lines > 0) {
    text += fmt::format("  {} lines of the timeline could not be read\n", timeline.unreadable_lines);
  }
  return text;
}

}  // namespace squall::report
