#include "router_chaos/controlled_case.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <exception>

#include "check/duplicates.h"
#include "check/lost.h"
#include "check/self_check.h"
#include "check/totals.h"
#include "check/trials.h"
#include "check/unexpected.h"
#include "report/render.h"
#include "report/series.h"
#include "run/fault_facts.h"
#include "run/trial_recovery.h"

namespace squall::router_chaos {
namespace {

using check::VerdictKind;
using report::Group;
using std::chrono::milliseconds;
using std::chrono::seconds;

// The span before a fault in which the normal rate and backlog are measured.
constexpr base::Nanos kBaseline = milliseconds(300);
constexpr base::Nanos kDrainPatience = seconds(20);
// What restarts, reconnects and the server's redelivery timer may add to the caught-up bound.
constexpr base::Nanos kBoundSlack = seconds(1);

PlannedCase find_planned(const SuiteRun& run, std::string_view name) {
  for (PlannedCase& planned : planned_cases({.repeat = run.options().repeat, .seed = run.options().seed})) {
    if (planned.name == name) return std::move(planned);
  }
  SQUALL_CHECK(false && "a test without a planned case");
  return {};
}

std::string counted(std::uint64_t part, std::uint64_t whole, std::string_view of) {
  return fmt::format("{} of {} {}", part, whole, of);
}

std::optional<base::Nanos> since_effect(const Trial& trial, const std::optional<base::Instant>& at) {
  if (!at) return std::nullopt;
  // The victim's peers may see its sockets close a moment before its pidfd says that it is gone.
  return std::max(*at - trial.metrics.took_effect_at, base::Nanos{0});
}

// "SIGKILL to nats-1"; the down time stands beside it.
std::string short_name(const fault::Action& action) {
  if (const auto* kill = std::get_if<fault::Kill>(&action)) {
    return fmt::format("SIG{} to {}", kill->signal, kill->target);
  }
  return fmt::format("{} on link {}", fault::kind_of(action), fault::target_of(action));
}

}  // namespace

void ControlledCase::run(std::string_view name, const std::function<void(ControlledCase&)>& body) {
  SuiteRun& run = SuiteRun::current();
  if (run.interrupted()) GTEST_SKIP() << "interrupted";
  ControlledCase controlled(run, find_planned(run, name));
  try {
    controlled.start();
    if (controlled.chaos_) {
      body(controlled);
      controlled.finish();
    }
  } catch (const Interrupted& interrupted) {
    controlled.inconclusive("interrupted by " + process::signal_name(interrupted.signal));
  } catch (const std::exception& error) {
    controlled.inconclusive(error.what());  // the evidence cannot be written
  }
  controlled.settle_verdict();
}

ControlledCase::ControlledCase(SuiteRun& run, PlannedCase planned)
    : run_(run), planned_(std::move(planned)), began_(base::now()) {
  report_.name = planned_.name;
  report_.failure_modes = planned_.failure_modes;
  report_.purpose = planned_.purpose;
  report_.verdict = VerdictKind::pass;
  report_.began_at = run_.since_start(began_);
}

void ControlledCase::start() {
  std::string modes;
  for (const std::string& mode : planned_.failure_modes) modes += "  " + mode;
  run_.say(fmt::format("{}{}", planned_.name, modes));
  run_.live().show(planned_.name + "  starting nats-server, router and worker");
  auto chaos = RouterChaos::start(run_, {.case_name = planned_.name, .work_time = planned_.work_time});
  if (!chaos) {
    inconclusive("the system did not come up: " + chaos.error().message());
    return;
  }
  chaos_ = std::move(*chaos);
}

Trial ControlledCase::trial(const fault::PlannedTrial& planned,
                            const std::function<inject::Injected()>& strike,
                            const std::function<void()>& recover) {
  chaos_->set_trial(planned.number);
  Trial trial{.planned = &planned.faults.front()};
  check::FaultWindow window{.observed_from = base::now()};
  if (!chaos_->wait_for_operational(seconds(10))) fail("the system was not operational before the fault");
  run_.wait_for(kBaseline + trial.planned->at);
  trial.pids_before = chaos_->router_pids();
  trial.nats_before = chaos_->get_nats_pid();
  trial.metrics_before = chaos_->system().metrics().value_or(Metrics{});

  trial.injected = strike();
  // Beyond this point the fault is there, if it took effect.
  recover();
  trial.time_to_green = chaos_->measure_time_to_green(run_.options().give_up_after);
  trial.metrics = chaos_->get_recovery_metrics();
  trial.pids_after = chaos_->router_pids();
  trial.nats_after = chaos_->get_nats_pid();
  trial.metrics_after = chaos_->system().metrics().value_or(Metrics{});

  window.took_effect_at = trial.metrics.took_effect_at;
  window.healed_at = trial.metrics.back_at;
  report::TrialReport report{.number = planned.number, .fault = short_name(trial.planned->action)};
  report.victim = run::victim_of(trial.planned->action);
  report.down_time = fault::active_time(trial.planned->action);
  const auto measure = [&] {
    window.observed_until = base::now();
    return chaos_->load().with_ledger(
        [&](const ledger::Ledger& ledger) { return check::measure_recovery(ledger, window); });
  };
  trial.recovery = measure();
  // Green by the probes; but a request whose PubAck was lost counts as waiting only once its first effect
  // shows that it was stored.
  const base::Instant gives_up_at = window.took_effect_at + run_.options().give_up_after;
  while (trial.time_to_green && !trial.recovery.caught_up && base::now() < gives_up_at) {
    chaos_->show("recover");
    run_.wait_for(milliseconds(20));
    trial.recovery = measure();
  }
  // Green means operational and caught up, and the fault over, so it cannot be before the latest of them.
  if (!trial.recovery.caught_up) {
    trial.time_to_green.reset();
  } else if (trial.time_to_green) {
    const base::Nanos over = window.healed_at.value_or(window.took_effect_at) - window.took_effect_at;
    trial.time_to_green = std::max({*trial.time_to_green, *trial.recovery.caught_up, over});
  }
  fill_window(report, trial, window);
  judge_trial(report, trial, window);
  report.summary = report::make_summary(report);
  run_.say(fmt::format("  trial {:>2}  {}", report.number, report.summary));
  for (const std::string& reason : report.reasons) run_.say("            " + reason);
  report_.trials.push_back(std::move(report));
  return trial;
}

void ControlledCase::fill_window(report::TrialReport& report, const Trial& trial,
                                 const check::FaultWindow& window) {
  report.began_at = run_.since_start(window.observed_from);
  if (trial.injected.took_effect()) report.took_effect_at = run_.since_start(window.took_effect_at);
  if (window.healed_at) report.healed_at = run_.since_start(*window.healed_at);
  report.ended_at = run_.since_start(window.observed_until);
  report.phases = {.detected = since_effect(trial, trial.metrics.detected_at),
                   .server_back = since_effect(trial, trial.metrics.back_at),
                   .reconnected = since_effect(trial, trial.metrics.reconnected_at),
                   .first_output = trial.recovery.first_output,
                   .caught_up = trial.recovery.caught_up};
  report.time_to_green = trial.time_to_green;
  chaos_->load().with_ledger([&](const ledger::Ledger& ledger) {
    run::add_hits(report, ledger, window);
    run::fill_outcomes(report, ledger, window.observed_from);
    return 0;
  });
}

base::Nanos ControlledCase::caught_up_bound(const Trial& trial) const {
  const auto down = fault::active_time(trial.planned->action).value_or(base::Nanos{0});
  return *check::caught_up_bound({.down_time = down,
                                  .ack_wait = chaos_->system().settings().ack_wait,
                                  .backlog = trial.recovery.peak_backlog,
                                  .rate = kLoad.per_second,
                                  .slack = kBoundSlack});
}

void ControlledCase::judge_trial(report::TrialReport& report, const Trial& trial,
                                 const check::FaultWindow& window) {
  std::vector<VerdictKind> kinds{VerdictKind::pass};
  const auto judge = [&](bool ok, VerdictKind otherwise, const std::string& reason) {
    if (ok) return;
    kinds.push_back(otherwise);
    report.reasons.push_back(reason);
  };
  judge(trial.injected.took_effect(), VerdictKind::inconclusive,
        "the fault had no effect: " + trial.injected.observation);
  judge(report.total_hits() > 0, VerdictKind::inconclusive, "the fault struck no unfinished request");
  std::string waiting;
  for (const std::string& probe : trial.metrics.waiting_for) waiting += "; " + probe;
  judge(trial.time_to_green.has_value(), VerdictKind::fail,
        fmt::format("not green within {}{}",
                    base::format_duration(window.observed_until - window.took_effect_at), waiting));
  // Behind a broken link there can be no output; its clock runs from the heal.
  const bool from_heal = std::holds_alternative<fault::OnLink>(trial.planned->action);
  const base::Nanos allowance =
      from_heal ? fault::active_time(trial.planned->action).value_or(base::Nanos{0}) : base::Nanos{0};
  const base::Nanos slo = planned_.slo + allowance;
  const auto& first_output = trial.recovery.first_output;
  judge(first_output && *first_output < slo, VerdictKind::fail,
        fmt::format("first output {}, SLO {}", first_output ? base::format_duration(*first_output) : "never",
                    base::format_duration(slo)));
  const base::Nanos bound = caught_up_bound(trial);
  largest_bound_ = std::max(largest_bound_.value_or(bound), bound);
  const auto& caught_up = trial.recovery.caught_up;
  judge(caught_up && *caught_up <= bound, VerdictKind::fail,
        fmt::format("caught up {}, bound {} (down time + ack_wait + backlog {} / {:.0f} per s + {})",
                    caught_up ? base::format_duration(*caught_up) : "never", base::format_duration(bound),
                    trial.recovery.peak_backlog, kLoad.per_second, base::format_duration(kBoundSlack)));
  report.verdict = check::combine(kinds);
}

void ControlledCase::expect(Group group, const std::string& text, bool ok, std::string got,
                            std::optional<base::Nanos> took) {
  if (!ok) ADD_FAILURE() << text << ": " << (got.empty() ? "no" : got);
  expected_.add(group, text, ok, std::move(got), took);
}

void ControlledCase::note(std::string label, std::string text) {
  report_.notes.push_back({std::move(label), std::move(text)});
}

void ControlledCase::finish() {
  chaos_->set_trial(0);
  const base::Instant load_until = began_ + planned_.load_at_least;
  while (base::now() < load_until) {
    chaos_->show("more load");
    run_.wait_for(milliseconds(50));
  }
  chaos_->event(evidence::EventKind::phase, base::now(), "load off");
  chaos_->load().stop_load();
  chaos_->event(evidence::EventKind::phase, base::now(), "drain");
  const base::Instant deadline = base::now() + kDrainPatience;
  bool drained = false;
  while (!drained && base::now() < deadline) {
    chaos_->show("drain");
    drained = chaos_->load().drain(base::now() + milliseconds(100)).caught_up;
    run_.wait_for(milliseconds(1));
  }
  expect(Group::messages, "after the last recovery everything accepted is finished", drained,
         drained ? "" : fmt::format("{} unfinished", chaos_->load().progress().unfinished));
  chaos_->event(evidence::EventKind::phase, base::now(), "check");
  judge_ledger();
  judge_clocks();
  chaos_->event(evidence::EventKind::phase, base::now(), "stop the system");
  const process::ProcessTree router_tree = chaos_->system().router().tree();
  chaos_->system().stop();
  const auto left = router_tree.members();
  expect(Group::resilience, "no process of the router is left after its stop", left.empty(),
         left.empty() ? "" : left.front().describe());
  report_.took = base::now() - began_;
}

void ControlledCase::judge_ledger() {
  const base::Instant run_start = run_.folder().anchor().mono;
  chaos_->load().with_ledger([&](const ledger::Ledger& ledger) {
    report_.checks = {check::check_lost(ledger), check::check_duplicates(ledger),
                      check::check_unexpected(ledger), check::run_self_test(ledger)};
    report_.totals = check::count_totals(ledger);
    report_.series.push_back(report::effects_over_time(
        ledger, ledger.layout().final_stage(),
        {.run_start = run_start, .from = began_, .until = base::now(), .bin = milliseconds(100)}));
    return 0;
  });
  const check::Totals& totals = report_.totals;
  expect(Group::messages, "at least 3,000 requests were sent", totals.attempted >= 3000,
         fmt::format("{}", totals.attempted));
  expect(Group::messages, "every acknowledged request has its stored assignment and usage event",
         totals.lost == 0 && totals.acked > 0, counted(totals.lost, totals.acked, "lost"));
  expect(Group::messages, "no request has two stored assignments or usage events", totals.duplicated == 0,
         counted(totals.duplicated, totals.acked, "duplicated"));
  expect(Group::messages, "nothing was stored that nobody asked for", totals.unexpected == 0,
         fmt::format("{} unexpected", totals.unexpected));
  const check::Verdict& self_test = report_.checks.back();
  expect(Group::messages, "one effect hidden and one doubled on purpose: both were reported",
         self_test.kind == VerdictKind::pass, self_test.reasons.empty() ? "" : self_test.reasons.front());
  for (const check::Verdict& verdict : report_.checks) {
    for (const check::Example& example : verdict.examples) {
      if (verdict.kind == VerdictKind::fail) run_.say("            " + example.facts);
    }
  }
  if (const auto error = chaos_->load().write_error()) inconclusive("the ledger has a hole: " + *error);
}

void ControlledCase::judge_clocks() {
  if (report_.trials.empty()) return;
  auto first_output = report::clock_of("first output", report_.trials, report::first_output_of);
  first_output.slo = planned_.slo;
  auto caught_up = report::clock_of("caught up", report_.trials, report::caught_up_of);
  caught_up.bound = largest_bound_;
  auto green = report::clock_of("time to green", report_.trials, report::time_to_green_of);
  green.slo = planned_.time_to_green_slo;
  for (const report::ClockReport& clock : {first_output, caught_up, green}) {
    run_.say(fmt::format("  {:<14} {}", clock.name, check::describe(clock.summary)));
  }
  report_.clocks = {std::move(first_output), std::move(caught_up), std::move(green)};
  note("how sure", check::how_sure(report_.trials.size()));
  const bool a_process_died = std::ranges::any_of(report_.trials, [](const report::TrialReport& trial) {
    return trial.victim == report::Victim::process;
  });
  if (!a_process_died) return;
  note("ack_wait",
       fmt::format("{}: what a process held without an ack when it died is delivered again only after that",
                   base::format_duration(chaos_->system().settings().ack_wait)));
}

void ControlledCase::inconclusive(std::string reason) {
  report_.verdict = check::combine(std::vector{report_.verdict, VerdictKind::inconclusive});
  run_.say("    INCONCLUSIVE  " + reason);
  report_.reasons.push_back(std::move(reason));
}

void ControlledCase::fail(const std::string& reason) {
  report_.verdict = VerdictKind::fail;
  report_.reasons.push_back(reason);
  ADD_FAILURE() << reason;
}

void ControlledCase::settle_verdict() {
  for (const report::TrialReport& trial : report_.trials) {
    if (trial.verdict == VerdictKind::pass) continue;
    const std::string reason = fmt::format("trial {} ({}): {}", trial.number, trial.fault,
                                           trial.reasons.empty() ? "" : trial.reasons.front());
    trial.verdict == VerdictKind::fail ? fail(reason) : inconclusive(reason);
  }
  report_.assertions = expected_.lines();
  for (const report::Assertion& assertion : report_.assertions) {
    if (assertion.ok) continue;
    report_.verdict = VerdictKind::fail;
    report_.reasons.push_back(fmt::format("{}: {}", assertion.text, assertion.got));
  }
  report_.took = base::now() - began_;
  run_.say(fmt::format("  {}  {}",
                       report_.verdict == VerdictKind::pass ? "PASS" : check::to_string(report_.verdict),
                       base::format_duration(report_.took)));
  for (const std::string& reason : report_.reasons) run_.say("    " + reason);
  run_.report().cases.push_back(report_);
}

}  // namespace squall::router_chaos
