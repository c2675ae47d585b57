#include "run/trial_run.h"

#include <algorithm>
#include <utility>

#include "base/task_group.h"
#include "run/fault_facts.h"
#include "run/trial_recovery.h"

namespace squall::run {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr base::Nanos kOperationalPatience = seconds(30);
constexpr base::Nanos kPoll = milliseconds(2);
constexpr base::Nanos kLookAtLedger = milliseconds(100);

void show(TrialPlace& place, int number, std::string_view doing) {
  if (!place.session.live().due()) return;
  const workload::Progress progress = place.load.progress();
  place.session.live().show(fmt::format("{}  trial {}  {}  ·  {} acked, {} unfinished", place.experiment.name,
                                        number, doing, progress.counts.ok, progress.unfinished));
}

// Waits until all steps are healed or cannot be.
void strike_all(TrialPlace& place, Strikes& strikes, const fault::TrialSteps& planned) {
  base::TaskGroup tasks(place.session.io().get_executor());
  base::Nanos longest{0};
  for (const fault::Step& step : planned.steps) {
    longest =
        std::max(longest, step.give_up_after + fault::active_time(step.fault.action).value_or(seconds(60)));
    tasks.spawn(step.fault.name, strikes.carry_out(step));
  }
  const base::Instant deadline = base::now() + longest + seconds(60);
  try {
    while (tasks.running() > 0 && base::now() < deadline) {
      show(place, planned.number, "faults");
      place.session.wait_for(kPoll);
    }
  } catch (...) {
    // Interrupted: the steps end at their next wait, and thaw what they froze.
    tasks.cancel();
    (void)place.session.wait_anyhow(tasks.join(base::now() + seconds(5)));
    throw;
  }
  tasks.cancel();
  (void)place.session.wait_anyhow(tasks.join(base::now() + seconds(5)));
}

// As if the trial ended now.
bool is_back(TrialPlace& place, const TrialResult& result) {
  const auto faults = faults_on_record(result.struck, result.observed_from, base::now(),
                                       place.given_up_at.value_or(base::Instant::min()));
  return place.load.with_ledger(
      [&](const ledger::Ledger& ledger) { return is_back_from_all(ledger, faults, place.experiment); });
}

// A message whose ack (or PubAck) was held is unfinished, even if its effect is already stored.
void count_held(TrialResult& result) {
  if (result.report.total_hits() > 0) return;
  const auto held = std::ranges::count_if(
      result.struck, [](const Struck& struck) { return struck.effect_at && struck.held_unfinished; });
  if (held > 0) result.report.hits.push_back({"held at its moment", static_cast<std::uint64_t>(held)});
}

void judge(TrialResult& result, const experiment::Experiment& experiment,
           const std::vector<std::string>& waiting_for) {
  report::TrialReport& report = result.report;
  std::vector<check::VerdictKind> kinds{check::VerdictKind::pass};
  const auto demand = [&](bool ok, check::VerdictKind otherwise, std::string reason) {
    if (ok) return;
    kinds.push_back(otherwise);
    report.reasons.push_back(std::move(reason));
  };
  for (const Struck& struck : result.struck) {
    demand(struck.effect_at.has_value(), check::VerdictKind::inconclusive,
           fmt::format("{} had no effect: {}", struck.fault, struck.observation));
    demand(!struck.not_healed, check::VerdictKind::fail,
           fmt::format("{} was not healed: {}", struck.fault, struck.not_healed.value_or("")));
  }
  if (experiment.expect.hit.kind == experiment::HitBound::Kind::kAll && report.took_effect_at) {
    demand(report.total_hits() > 0 || !report.not_measured.empty(), check::VerdictKind::inconclusive,
           "no unfinished work was struck");
  }
  std::string waiting;
  for (const std::string& probe : waiting_for) waiting += "; " + probe;
  if (!report.not_measured.empty()) {
    demand(false, check::VerdictKind::inconclusive,
           fmt::format("its recovery could not be measured: {}, since the load is so fast; lower its rate",
                       report.not_measured));
  } else if (report.took_effect_at) {
    demand(report.time_to_green.has_value(), check::VerdictKind::fail,
           fmt::format("not green within {}{}", base::format_duration(report.observed_for()), waiting));
  }
  report.verdict = check::combine(kinds);
}

}  // namespace

TrialResult run_trial(TrialPlace place, const fault::TrialSteps& planned) {
  Session& session = place.session;
  const experiment::TrialSettings& settings = place.experiment.trials;
  const auto event = [&](evidence::EventKind kind, base::Instant at, std::string what) {
    session.event({.at = at,
                   .kind = kind,
                   .what = std::move(what),
                   .case_name = place.experiment.name,
                   .trial = planned.number});
  };
  TrialResult result;
  result.report.number = planned.number;
  result.report.victim = victim_of(planned);
  result.observed_from = base::now();
  event(evidence::EventKind::phase, base::now(), "baseline");
  const auto operational =
      session.wait(place.system.probes().wait_operational(base::now() + kOperationalPatience));
  if (!operational) {
    result.report.verdict = check::VerdictKind::inconclusive;
    result.report.reasons.push_back("not operational before the fault: " + operational.error().message());
    return result;
  }
  const base::Instant baseline_until = base::now() + settings.baseline;
  while (base::now() < baseline_until) {
    show(place, planned.number, "baseline");
    session.wait_for(std::min<base::Nanos>(milliseconds(20), baseline_until - base::now()));
  }

  event(evidence::EventKind::phase, base::now(), "faults");
  Strikes strikes(session, place.system, planned.steps, base::now(), event);
  place.green.emplace(
      GreenClocks::Options{.required = place.system.probes().required(), .hold = settings.hold});
  strikes.on_change({.took_effect =
                         [&](base::Instant at) {
                           place.disturbed_at = std::max(place.disturbed_at.value_or(at), at);
                           place.green->begin(at);
                         },
                     .over = [&](base::Instant effect_at) { place.green->over(effect_at); }});
  try {
    strike_all(place, strikes, planned);
  } catch (...) {
    place.record_faults(strikes.struck());
    throw;
  }
  place.record_faults(strikes.struck());
  // Beyond this point nothing disturbs the system any more.
  place.green->all_over();
  result.struck = strikes.struck();
  std::vector<std::string> waiting_for;
  const auto effect = strikes.first_effect();
  if (effect) {
    event(evidence::EventKind::phase, base::now(), "recover");
    const base::Instant deadline = base::now() + settings.recover_within;
    base::Instant look_at = base::now();
    while (base::now() < deadline) {
      // Green by the probes; but what waits may still be more than before the fault, and then it is not
      // caught up.
      if (place.green->all_green() && base::now() >= look_at) {
        if (is_back(place, result)) break;
        look_at = base::now() + kLookAtLedger;
      }
      show(place, planned.number, "recover");
      session.wait_for(kPoll);
    }
    waiting_for = place.green->waiting_for();
  }

  report::TrialReport& report = result.report;
  result.observed_until = base::now();
  report.began_at = session.since_start(result.observed_from);
  report.ended_at = session.since_start(result.observed_until);
  for (const Struck& struck : result.struck) {
    report.fault += (report.fault.empty() ? "" : " · ") + (struck.what.empty() ? struck.fault : struck.what);
    if (!struck.healed_at) continue;
    const base::Nanos healed = session.since_start(*struck.healed_at);
    report.healed_at = std::max(report.healed_at.value_or(healed), healed);
  }
  if (effect) {
    report.took_effect_at = session.since_start(*effect);
    auto faults = faults_on_record(result.struck, result.observed_from, result.observed_until,
                                   place.given_up_at.value_or(base::Instant::min()));
    for (FaultOnRecord& fault : faults) {
      fault.operational_after = place.green->time_to_green(fault.window.took_effect_at);
    }
    place.load.with_ledger([&](const ledger::Ledger& ledger) {
      std::string censored = fill_recovery(report, ledger, faults, place.experiment);
      if (!censored.empty()) waiting_for.push_back(std::move(censored));
      if (!report.phases.caught_up && report.not_measured.empty()) {
        std::string behind = why_behind(ledger, result.observed_until);
        if (!behind.empty()) waiting_for.push_back(std::move(behind));
      }
      fill_outcomes(report, ledger, result.observed_from);
      return 0;
    });
    count_held(result);
  }
  judge(result, place.experiment, waiting_for);
  // What never came back in this trial is in its verdict, and must not make the next one look red.
  if (effect && (!report.phases.caught_up || !report.time_to_green)) {
    place.load.give_up_before(result.observed_until);
    place.given_up_at = result.observed_until;
  }
  place.green.reset();
  place.disturbed_at.reset();
  return result;
}

}  // namespace squall::run
