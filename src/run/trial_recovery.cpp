#include "run/trial_recovery.h"

#include <algorithm>
#include <ranges>

#include "check/hits.h"

namespace squall::run {
namespace {

void add_hits(std::vector<report::StageHits>& hits, const std::string& stage, std::uint64_t count) {
  const auto known = std::ranges::find(hits, stage, &report::StageHits::stage);
  if (known != hits.end()) {
    known->count += count;
  } else {
    hits.push_back({stage, count});
  }
}

}  // namespace

std::uint64_t add_hits(report::TrialReport& report, const ledger::Ledger& ledger,
                       const check::FaultWindow& window) {
  const check::Hits hits = check::count_hits(ledger, window);
  add_hits(report.hits, "in flight", hits.in_flight);
  for (std::size_t stage = 0; stage < hits.waiting_for.size(); ++stage) {
    add_hits(report.hits, "waiting for " + ledger.layout().stages[stage], hits.waiting_for[stage]);
  }
  return hits.total();
}

std::vector<FaultOnRecord> faults_on_record(const std::vector<Struck>& struck, base::Instant observed_from,
                                            base::Instant observed_until,
                                            std::optional<base::Instant> works_from) {
  std::vector<FaultOnRecord> faults;
  for (const Struck& each : struck) {
    if (!each.effect_at) continue;
    faults.push_back({.what = each.what.empty() ? each.fault : each.what,
                      .window = {.observed_from = observed_from,
                                 .took_effect_at = *each.effect_at,
                                 .healed_at = each.healed_at,
                                 .observed_until = observed_until,
                                 .disturbed_from = {},
                                 .works_from = works_from},
                      .held_unfinished = each.held_unfinished,
                      .operational_after = {}});
  }
  std::ranges::stable_sort(faults, {}, [](const FaultOnRecord& each) { return each.window.took_effect_at; });
  for (FaultOnRecord& each : faults) each.window.disturbed_from = faults.front().window.took_effect_at;
  return faults;
}

std::optional<base::Nanos> back_of(const check::Recovery& recovery,
                                   const experiment::Experiment& experiment) {
  const experiment::Expectations& expect = experiment.expect;
  return expect.tolerates_losses() && !expect.asks_to_catch_up() ? recovery.first_output : recovery.caught_up;
}

std::optional<base::Nanos> caught_up_at_end(const check::Recovery& recovery,
                                            const experiment::Experiment& experiment) {
  if (recovery.caught_up || !experiment.expect.tolerates_losses() || !experiment.expect.asks_to_catch_up())
    return recovery.caught_up;
  return recovery.caught_up_but_missing;
}

check::Disturbance disturbance_of(const check::FaultWindow& window, const ledger::Ledger& ledger,
                                  const experiment::Experiment& experiment) {
  const check::Recovery recovery = check::measure_recovery(ledger, window);
  // Where effects may be missing: until the last of those that came.
  const auto back = experiment.expect.tolerates_losses()
                        ? std::max(recovery.struck_work_done, recovery.first_output)
                        : recovery.caught_up;
  if (!back) return {.from = window.took_effect_at, .until = {}, .over = window.over_at()};
  const base::Instant back_at = window.took_effect_at + *back;
  base::Instant until = std::max(back_at, window.over_at());
  for (const ledger::OpId id : ledger.attempted_since(window.took_effect_at)) {
    const ledger::Operation operation = ledger.operation(id);
    if (operation.attempted_at <= back_at && operation.finished())
      until = std::max(until, operation.finished_at());
  }
  return {.from = window.took_effect_at, .until = until, .over = window.over_at()};
}

bool is_back_from_all(const ledger::Ledger& ledger, std::span<const FaultOnRecord> faults,
                      const experiment::Experiment& experiment) {
  // The last one is the last to be back, most of the time.
  return std::ranges::all_of(faults | std::views::reverse, [&](const FaultOnRecord& each) {
    return back_of(check::measure_recovery(ledger, each.window), experiment).has_value();
  });
}

std::string fill_recovery(report::TrialReport& report, const ledger::Ledger& ledger,
                          std::span<const FaultOnRecord> faults, const experiment::Experiment& experiment) {
  if (faults.empty()) return "";
  std::vector<check::Recovery> recoveries;
  std::optional<base::Nanos> longest_to_green = base::Nanos::min();
  for (const FaultOnRecord& each : faults) {
    const check::FaultWindow& window = each.window;
    const std::uint64_t hits = add_hits(report, ledger, window);
    const check::Recovery& recovery = recoveries.emplace_back(check::measure_recovery(ledger, window));
    std::optional<base::Nanos> over;
    if (window.healed_at) {
      over = window.over_at() - window.took_effect_at;
      report.phases.server_back = std::max(report.phases.server_back.value_or(*over), *over);
    }
    const auto caught_up = caught_up_at_end(recovery, experiment);
    const auto back = experiment.expect.asks_to_catch_up() ? caught_up : back_of(recovery, experiment);
    // Green means operational and caught up, and the fault over, so it cannot be before the latest of them.
    std::optional<base::Nanos> green;
    if (back && each.operational_after) {
      green = std::max({*back, *each.operational_after, over.value_or(base::Nanos{0})});
    }
    longest_to_green = green && longest_to_green ? std::max(longest_to_green, green) : std::nullopt;
    report.faults.push_back({.what = each.what,
                             .after = window.took_effect_at - faults.front().window.took_effect_at,
                             .over = over,
                             .first_output = recovery.first_output,
                             .caught_up = caught_up,
                             .green = green,
                             .hits = std::max<std::uint64_t>(hits, each.held_unfinished ? 1 : 0)});
  }
  const check::Recovery worst = check::worst_of(recoveries);
  if (!worst.measured) {
    report.not_measured = worst.censored_because;
    report.faults.clear();
    return "";
  }
  report.phases.first_output = worst.first_output;
  report.phases.caught_up = caught_up_at_end(worst, experiment);
  report.time_to_green = longest_to_green;
  return worst.censored_because;
}

void measure_again(report::CaseReport& report, std::span<const TrialStrike> strikes,
                   const ledger::Ledger& ledger, const experiment::Experiment& experiment) {
  if (!experiment.expect.tolerates_losses() || !experiment.expect.asks_to_catch_up()) return;
  std::size_t of_trial = 0;  // the strike among its trial's
  for (std::size_t i = 0; i < strikes.size(); ++i) {
    const TrialStrike& strike = strikes[i];
    of_trial = i > 0 && strikes[i - 1].trial == strike.trial ? of_trial + 1 : 0;
    report::TrialReport& trial = report.trials.at(strike.trial);
    const auto caught_up = caught_up_at_end(check::measure_recovery(ledger, strike.window), experiment);
    if (!caught_up || !trial.phases.caught_up || *caught_up <= *trial.phases.caught_up) continue;
    report.notes.push_back(
        {"late", fmt::format("trial {} had left out for lost what came in the drain: caught up {}, "
                             "not {}",
                             trial.number, base::format_duration(*caught_up),
                             base::format_duration(*trial.phases.caught_up))});
    const auto not_before = [&](std::optional<base::Nanos>& clock) {
      if (clock) clock = std::max(*clock, *caught_up);
    };
    not_before(trial.phases.caught_up);
    not_before(trial.time_to_green);
    if (of_trial < trial.faults.size()) {
      not_before(trial.faults[of_trial].caught_up);
      not_before(trial.faults[of_trial].green);
    }
    trial.summary = report::make_summary(trial);
  }
}

std::string why_behind(const ledger::Ledger& ledger, base::Instant until) {
  constexpr base::Nanos kLookedAt = std::chrono::seconds(2);
  constexpr base::Nanos kBehind = std::chrono::seconds(1);
  constexpr std::size_t kFew = 10;
  constexpr ledger::OpId kMostInputs = 1'000'000;
  const base::Instant from = until - kLookedAt;
  std::uint64_t sent = 0;
  std::vector<base::Nanos> ages;  // of what was done then
  const ledger::OpId first = ledger.size() - std::min<ledger::OpId>(ledger.size(), kMostInputs);
  for (ledger::OpId id = first; id < ledger.size(); ++id) {
    const ledger::Operation operation = ledger.operation(id);
    if (!operation.times_known) continue;
    if (operation.attempted_at >= from && operation.attempted_at <= until) ++sent;
    if (!operation.finished() || operation.filtered) continue;
    const base::Instant done = operation.finished_at();
    if (done >= from && done <= until) ages.push_back(done - operation.attempted_at);
  }
  if (ages.size() < kFew) return "";
  const auto middle = ages.begin() + static_cast<std::ptrdiff_t>(ages.size() / 2);
  std::ranges::nth_element(ages, middle);
  if (*middle < kBehind) return "";
  return fmt::format("in the last {} it did {} inputs, sent {} before, while {} more were sent: {}",
                     base::format_duration(kLookedAt), ages.size(), base::format_duration(*middle), sent,
                     ages.size() * 2 < sent * 3
                         ? "the load leaves it hardly any room to catch up (workload.rate)"
                         : "it was catching up (trials.recover_within)");
}

void fill_outcomes(report::TrialReport& report, const ledger::Ledger& ledger, base::Instant observed_from) {
  for (const ledger::OpId id : ledger.attempted_since(observed_from)) {
    const ledger::Operation operation = ledger.operation(id);
    report.acked += operation.state == ledger::State::ok;
    report.failed += operation.state == ledger::State::failed;
    report.unknown += operation.state == ledger::State::unknown;
  }
}

}  // namespace squall::run
