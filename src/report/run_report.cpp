#include "report/run_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <tuple>

#include "report/report_text.h"

namespace squall::report {
namespace {

// Worse than any value.
base::Nanos or_never(std::optional<base::Nanos> value) { return value.value_or(base::Nanos::max()); }

}  // namespace

std::uint64_t TrialReport::total_hits() const {
  return std::accumulate(hits.begin(), hits.end(), std::uint64_t{0},
                         [](std::uint64_t sum, const StageHits& each) { return sum + each.count; });
}

base::Nanos TrialReport::observed_for() const {
  return took_effect_at ? ended_at - *took_effect_at : base::Nanos{0};
}

std::string_view to_string(Group group) {
  switch (group) {
    case Group::resilience:
      return "resilience";
    case Group::messages:
      return "messages";
    case Group::observability:
      break;
  }
  return "observability";
}

std::string describe(const FaultReport& fault) {
  std::string text = fault.after > base::Nanos{0}
                         ? fmt::format("{} later {}", base::format_duration(fault.after), fault.what)
                         : fault.what;
  text += fmt::format(": {} unfinished", fault.hits);
  const auto add = [&](std::string_view name, std::optional<base::Nanos> value) {
    text += fmt::format(", {} {}", name, value ? base::format_duration(*value) : "never");
  };
  add("over after", fault.over);
  add("first output", fault.first_output);
  add("caught up", fault.caught_up);
  add("green", fault.green);
  return text;
}

std::string make_summary(const TrialReport& trial) {
  if (trial.fault.empty()) {
    return fmt::format("control, no fault · {} acked, {} failed, {} unknown", trial.acked, trial.failed,
                       trial.unknown);
  }
  std::string text = trial.fault;
  if (!trial.took_effect_at) return text + " · its effect was never seen";
  if (trial.down_time) {
    const bool at_once = *trial.down_time == base::Nanos{0};
    text += (trial.victim == Victim::link ? " · for " : " · down ") +
            (at_once ? "0 s" : base::format_duration(*trial.down_time));
  }
  if (trial.not_measured.empty()) text += fmt::format(" · {} unfinished", trial.total_hits());
  if (trial.faults.size() > 1) text += fmt::format(" · the worst of {} faults:", trial.faults.size());
  const auto add_if_seen = [&](std::string_view name, std::optional<base::Nanos> value) {
    if (!value) return;
    text += fmt::format("{}{} {}", text.ends_with(':') ? " " : " · ", name, base::format_duration(*value));
  };
  const auto add = [&](std::string_view name, std::optional<base::Nanos> value) {
    if (!value) {
      text += fmt::format("{}{} never (in {})", text.ends_with(':') ? " " : " · ", name,
                          base::format_duration(trial.observed_for()));
    }
    add_if_seen(name, value);
  };
  add_if_seen("detected", trial.phases.detected);
  add_if_seen(said(kBack, trial.victim), trial.phases.server_back);
  add_if_seen("reconnected", trial.phases.reconnected);
  if (!trial.not_measured.empty()) return text + " · its recovery could not be measured";
  add("first output", trial.phases.first_output);
  add("caught up", trial.phases.caught_up);
  add("green", trial.time_to_green);
  return text;
}

bool ClockReport::ok() const {
  const auto within = [&](std::optional<base::Nanos> limit) {
    return !limit || check::check_clock(name, summary, *limit).kind == check::VerdictKind::pass;
  };
  return within(slo) && within(bound);
}

check::VerdictKind RunReport::verdict() const {
  std::vector<check::VerdictKind> kinds;
  kinds.reserve(cases.size());
  for (const CaseReport& each : cases) kinds.push_back(each.verdict);
  return check::combine(kinds);
}

std::optional<base::Nanos> first_output_of(const TrialReport& trial) { return trial.phases.first_output; }
std::optional<base::Nanos> caught_up_of(const TrialReport& trial) { return trial.phases.caught_up; }
std::optional<base::Nanos> time_to_green_of(const TrialReport& trial) { return trial.time_to_green; }

ClockReport clock_of(std::string name, const std::vector<TrialReport>& trials,
                     std::optional<base::Nanos> (*value)(const TrialReport&)) {
  std::vector<std::optional<base::Nanos>> values;
  for (const TrialReport& trial : trials) {
    // Without a fault that took effect there is nothing to recover from, and no clock.
    if (!trial.fault.empty() && trial.took_effect_at) values.push_back(value(trial));
  }
  return {.name = std::move(name), .summary = check::summarize(values)};
}

const TrialReport* worst_trial(const CaseReport& report) {
  // A trial without a fault that took effect is less telling than any other.
  const auto rank = [](const TrialReport& trial) {
    return std::tuple(trial.took_effect_at.has_value(), or_never(trial.time_to_green),
                      or_never(trial.phases.first_output));
  };
  const auto worst =
      std::max_element(report.trials.begin(), report.trials.end(),
                       [&](const TrialReport& a, const TrialReport& b) { return rank(a) < rank(b); });
  return worst == report.trials.end() ? nullptr : &*worst;
}

}  // namespace squall::report
