#include "report_fixture.h"

#include "base/seed.h"

namespace squall::golden {
namespace {

using base::Nanos;
using check::VerdictKind;
using report::CaseReport;
using report::Group;
using report::TrialReport;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

const base::WallInstant kStarted{seconds{1'795'426'867} + milliseconds{604}};

Nanos jitter(base::Seed seed, std::string_view name, Nanos around) {
  const auto us = std::chrono::duration_cast<microseconds>(around).count();
  return microseconds{us * 3 / 4 +
                      static_cast<std::int64_t>(seed.derive(name).below(static_cast<std::uint64_t>(us) / 2))};
}

// Around 50 effects per 100 ms, none while `down` says so.
report::Series rates(const CaseReport& of, std::string name, std::uint64_t seed) {
  report::Series series{.name = std::move(name), .began_at = of.began_at, .counts = {}};
  for (std::size_t bin = 0; bin < static_cast<std::size_t>(of.took / series.bin); ++bin) {
    const Nanos at = of.began_at + series.bin * static_cast<Nanos::rep>(bin);
    std::uint64_t count = 46 + base::Seed(seed).derive(bin).below(9);
    for (const TrialReport& trial : of.trials) {
      if (!trial.took_effect_at || at < *trial.took_effect_at) continue;
      if (at < *trial.took_effect_at + trial.phases.first_output.value_or(milliseconds{300})) count = 0;
    }
    series.counts.push_back(count);
  }
  return series;
}

TrialReport nats_kill_trial(int number, Nanos began_at, Nanos down_time) {
  const base::Seed seed = base::Seed(7).derive(static_cast<std::uint64_t>(number));
  TrialReport trial{.number = number,
                    .fault = "SIGKILL nats-1",
                    .down_time = down_time,
                    .verdict = VerdictKind::pass,
                    .began_at = began_at};
  trial.took_effect_at = began_at + seconds{1};
  trial.healed_at = *trial.took_effect_at + down_time + milliseconds{9};
  trial.phases.detected = jitter(seed, "detected", milliseconds{2});
  trial.phases.server_back = down_time + milliseconds{9};
  trial.phases.reconnected = *trial.phases.server_back + jitter(seed, "reconnected", milliseconds{14});
  trial.phases.first_output = *trial.phases.reconnected + jitter(seed, "output", milliseconds{8});
  trial.phases.caught_up = *trial.phases.first_output + jitter(seed, "caught up", milliseconds{1'100});
  trial.time_to_green = *trial.phases.caught_up + jitter(seed, "green", milliseconds{40});
  trial.ended_at = *trial.took_effect_at + *trial.time_to_green + milliseconds{500};
  trial.hits = {
      {"in flight", 1}, {"waiting for assignment", 2 + seed.below(3)}, {"waiting for usage", seed.below(4)}};
  trial.acked = 2'900 + seed.derive("acked").below(200);
  trial.failed = down_time == Nanos{0} ? 3 : 900;
  trial.unknown = 2;
  return trial;
}

CaseReport passing_case() {
  CaseReport each{
      .name = "test_recovery_slo_nats",
      .failure_modes = {"FM-NATS-001", "FM-NATS-002"},
      .purpose = "The broker is killed again and again under load; each time the system is back in time.",
      .verdict = VerdictKind::pass,
      .began_at = seconds{3}};
  const Nanos downs[] = {seconds{0}, seconds{2}, seconds{5}};
  Nanos at = each.began_at;
  for (int number = 1; number <= 10; ++number) {
    each.trials.push_back(nats_kill_trial(number, at, downs[(number - 1) % 3]));
    at = each.trials.back().ended_at;
  }
  each.took = at - each.began_at;
  each.totals = {.attempted = 31'204, .acked = 27'551, .failed = 3'633, .unknown = 6, .recovered = 14};
  each.checks = {
      {"lost", VerdictKind::pass, {{"acknowledged", 27'551}, {"lost", 0}}, {}, {}},
      {"duplicates", VerdictKind::pass, {{"effects", 55'130}, {"duplicated", 0}, {"surplus", 0}}, {}, {}},
      {"unexpected", VerdictKind::pass, {{"unexpected", 0}, {"refused_but_done", 0}}, {}, {}}};
  each.clocks = {report::clock_of("first output", each.trials, report::first_output_of),
                 report::clock_of("caught up", each.trials, report::caught_up_of)};
  each.clocks[0].slo = seconds{30};
  each.clocks[1].bound = seconds{9};
  each.assertions = {
      {Group::resilience, "the broker has a new pid after each trial", "10 new pids", "10 new pids", true},
      {Group::messages, "no acknowledged request lacks its usage event", "0", "0", true},
      {Group::observability, "the loss is logged, and then the return", "10 and 10", "10 and 10", true}};
  each.notes = {{"how sure", check::how_sure(10)}, {"floor", "1.00 s = ack_wait of router-decide"}};
  each.series = {rates(each, "assignment effects", 1), rates(each, "usage effects", 2)};
  return each;
}

TrialReport lossy_trial(int number, Nanos began_at) {
  TrialReport trial{.number = number,
                    .fault = "SIGKILL router supervisor",
                    .verdict = VerdictKind::fail,
                    .reasons = {"1 of 9 accepted inputs of before the fault were never finished"},
                    .began_at = began_at};
  trial.took_effect_at = began_at + seconds{1};
  trial.healed_at = *trial.took_effect_at + milliseconds{58 + number};
  trial.phases.server_back = milliseconds{58 + number};
  trial.phases.first_output = milliseconds{150 + 17 * number};
  if (number == 2) {  // this one got away
    trial.verdict = VerdictKind::pass;
    trial.reasons.clear();
    trial.phases.caught_up = milliseconds{2'030};
    trial.time_to_green = milliseconds{2'060};
  }
  trial.ended_at = *trial.took_effect_at + seconds{4};
  trial.hits = {{"in flight", 0}, {"waiting for assignment", 6}, {"waiting for usage", 3}};
  trial.acked = 2'480;
  if (number == 3) {  // struck twice: the second is the worse one
    trial.fault += " · SIGKILL decide-0";
    trial.faults = {{.what = "SIGKILL router supervisor",
                     .over = milliseconds{58},
                     .first_output = milliseconds{150},
                     .caught_up = milliseconds{1'030},
                     .green = milliseconds{1'060},
                     .hits = 5},
                    {.what = "SIGKILL decide-0",
                     .after = seconds{2},
                     .over = milliseconds{61},
                     .first_output = milliseconds{201},
                     .hits = 4}};
  }
  return trial;
}

CaseReport failing_case(Nanos began_at) {
  CaseReport each{
      .name = "test_router_supervisor_kill_recovery",
      .failure_modes = {"FM-ROUTER-001"},
      .purpose = "The supervisor is killed; its roles die with it, none is orphaned, and nothing is lost.",
      .verdict = VerdictKind::fail,
      .reasons = {"2 of 7,440 acknowledged inputs have not all their effects: 2 without usage",
                  "caught up: never in 2 of 3 trials, want 30.00 s"},
      .began_at = began_at,
      .took = seconds{15}};
  for (int number = 1; number <= 3; ++number)
    each.trials.push_back(lossy_trial(number, began_at + seconds{5 * (number - 1)}));
  each.totals = {.attempted = 7'440, .acked = 7'440, .lost = 2};
  each.checks = {
      {"lost",
       VerdictKind::fail,
       {{"acknowledged", 7'440},
        {"lost", 2},
        {"lost.assignment", 0},
        {"lost.usage", 2},
        {"prefix", 0},
        {"middle", 2}},
       {{"req-592",
         "req-592 · attempted 09:41:12.601 · PubAck 09:41:12.604 (#593) · assignment #593 09:41:12.606 · no "
         "usage"},
        {"req-<b>\"5\"&",
         "req-<b>\"5\"& · attempted 09:41:22.102 · PubAck 09:41:22.104 (#5034) · assignment #5031 "
         "09:41:22.107 · no usage"}},
       {"2 of 7440 acknowledged inputs have not all their effects: 2 without usage"}},
      {"duplicates", VerdictKind::pass, {{"effects", 14'878}, {"duplicated", 0}, {"surplus", 0}}, {}, {}}};
  each.clocks = {report::clock_of("first output", each.trials, report::first_output_of),
                 report::clock_of("caught up", each.trials, report::caught_up_of)};
  each.clocks[0].slo = seconds{30};
  each.clocks[1].slo = seconds{30};
  each.assertions = {
      {Group::resilience, "the supervisor has a new pid", "not 4711", "4738", true},
      {Group::messages, "no acknowledged request lacks its usage event", "0", "2", false},
      {Group::observability, "router_supervisor_restarts_total goes up", "3", "3", true},
      {Group::observability, "the log says | who died", "`supervisor` *died*", "<nothing>", false}};
  each.notes = {{"again", "scripts/chaos_test.sh --only test_router_supervisor_kill_recovery"}};
  each.series = {rates(each, "usage effects", 3)};
  return each;
}

CaseReport inconclusive_case(Nanos began_at) {
  CaseReport each{.name = "test_nats_graceful_kill_recovery",
                  .failure_modes = {"FM-NATS-002"},
                  .purpose = "The broker is asked to stop (SIGTERM, SIGINT), and comes back.",
                  .verdict = VerdictKind::inconclusive,
                  .reasons = {"only 1 of 2 faults struck unfinished work: raise the rate"},
                  .began_at = began_at,
                  .took = seconds{8}};
  TrialReport idle = nats_kill_trial(1, began_at, milliseconds{500});
  idle.fault = "SIGTERM nats-1";
  idle.verdict = VerdictKind::inconclusive;
  idle.reasons = {"the fault struck no unfinished work, so it proves nothing: raise the rate"};
  idle.hits.clear();
  TrialReport absent{.number = 2,
                     .fault = "SIGINT nats-1",
                     .verdict = VerdictKind::inconclusive,
                     .reasons = {"the fault had no effect"},
                     .began_at = idle.ended_at};
  absent.ended_at = began_at + seconds{8};
  each.trials = {idle, absent};
  each.totals = {.attempted = 4'000, .acked = 3'980, .failed = 20};
  each.checks = {{"hits",
                  VerdictKind::inconclusive,
                  {{"hits", 0}},
                  {},
                  {"the fault struck no unfinished work, so it proves nothing: raise the rate"}}};
  each.clocks = {report::clock_of("caught up", each.trials, report::caught_up_of)};
  return each;
}

CaseReport control_case() {
  CaseReport each{
      .name = "control",
      .purpose = "Load without a fault: nothing is lost, and one hidden and one doubled effect are seen.",
      .verdict = VerdictKind::pass,
      .took = seconds{3}};
  each.trials = {{.number = 1, .verdict = VerdictKind::pass, .ended_at = seconds{3}, .acked = 1'500}};
  each.totals = {.attempted = 1'500, .acked = 1'500};
  each.checks = {
      {"self-test", VerdictKind::pass, {{"hidden_and_reported", 1}, {"doubled_and_reported", 1}}, {}, {}}};
  return each;
}

}  // namespace

report::RunReport example_report() {
  report::RunReport run{.name = "router_chaos_controlled_suite",
                        .started = kStarted,
                        .command = "scripts/chaos_test.sh --repeat 10",
                        .seed = 7,
                        .versions = {{"squall", "0.1.0"}, {"nats-server", "2.9.10"}, {"libnats", "3.4.1"}},
                        .evidence = "_artifacts/20261123T094107Z-router_chaos_controlled_suite"};
  run.cases = {control_case(), passing_case()};
  run.cases.push_back(failing_case(run.cases[1].began_at + run.cases[1].took + seconds{1}));
  run.cases.push_back(inconclusive_case(run.cases[2].began_at + run.cases[2].took + seconds{1}));
  run.took = run.cases[3].began_at + run.cases[3].took;
  for (const CaseReport& each : run.cases) {
    run.totals.attempted += each.totals.attempted;
    run.totals.acked += each.totals.acked;
    run.totals.failed += each.totals.failed;
    run.totals.unknown += each.totals.unknown;
    run.totals.recovered += each.totals.recovered;
    run.totals.lost += each.totals.lost;
  }
  run.notes = {{"not tested", "power loss, leader change, more than one instance"},
               {"left behind", "nothing: the broker and its store were Squall's own"}};
  return run;
}

evidence::Timeline example_timeline() {
  evidence::Timeline timeline;
  const auto add = [&](Nanos at, evidence::EventKind kind, std::string what, std::string case_name,
                       std::optional<int> trial) {
    timeline.entries.push_back({at, kStarted + at, kind, std::move(what), std::move(case_name), trial});
  };
  for (const CaseReport& each : example_report().cases) {
    for (const TrialReport& trial : each.trials) {
      add(trial.began_at, evidence::EventKind::phase, "baseline", each.name, trial.number);
      if (!trial.took_effect_at) continue;
      const Nanos fault = *trial.took_effect_at;
      add(fault - milliseconds{1}, evidence::EventKind::fault, trial.fault + " (pid 4711)", each.name,
          trial.number);
      add(fault, evidence::EventKind::effect, "pid 4711 is gone", each.name, trial.number);
      add(fault + milliseconds{2}, evidence::EventKind::log,
          R"(decide-1: {"msg":"NATS connection lost","error_code":"NATS_CONNECTION_LOST"})", each.name,
          trial.number);
      add(fault + milliseconds{3}, evidence::EventKind::probe, "readyz is red: 503 <not ready>", each.name,
          trial.number);
      if (trial.healed_at) {
        add(*trial.healed_at - milliseconds{6}, evidence::EventKind::process, "started as pid 4738", "", {});
        add(*trial.healed_at, evidence::EventKind::heal, "answers on its port", each.name, trial.number);
      }
    }
  }
  return timeline;
}

}  // namespace squall::golden
