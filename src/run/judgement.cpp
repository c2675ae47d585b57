#include "run/judgement.h"

#include <algorithm>
#include <iterator>
#include <vector>

#include "check/duplicates.h"
#include "check/lost.h"
#include "check/self_check.h"
#include "check/totals.h"
#include "check/trials.h"
#include "check/unexpected.h"

namespace squall::run {
namespace {

using check::VerdictKind;
using report::Group;

std::string of(std::uint64_t part, std::uint64_t whole, std::string_view what) {
  return fmt::format("{} of {} {}", part, whole, what);
}

void expect(report::CaseReport& report, Group group, std::string text, std::string want, std::string got,
            bool ok) {
  report.assertions.push_back({group, std::move(text), std::move(want), std::move(got), ok});
}

// Over the trials whose fault was seen to happen: a fault that did not happen has no recovery, and makes its
// trial inconclusive anyway.
void judge_clock(report::CaseReport& report, std::string name, const experiment::ClockBound& bound,
                 std::optional<base::Nanos> (*value)(const report::TrialReport&)) {
  std::vector<report::TrialReport> disturbed;
  std::ranges::copy_if(report.trials, std::back_inserter(disturbed),
                       [](const report::TrialReport& trial) { return trial.took_effect_at.has_value(); });
  if (disturbed.empty()) return;
  report::ClockReport clock = report::clock_of(name, disturbed, value);
  const auto demand = [&](std::string_view what, const std::optional<base::Nanos>& got,
                          const std::optional<base::Nanos>& limit) {
    if (!limit) return;
    // Below 59 trials there is no p95, and a p99 needs some 300: what is judged is named as what it is.
    std::string label(what);
    if (what == "p95" && !clock.summary.p95) label = check::judged_label(clock.summary);
    if (what == "p99") label = fmt::format("worst of {}", clock.summary.trials);
    expect(report, Group::resilience, name, fmt::format("{} {}", what, base::format_duration(*limit)),
           fmt::format("{} {}", label, got ? base::format_duration(*got) : "never"), got && *got <= *limit);
  };
  demand("p50", clock.summary.median, bound.p50);
  demand("p95", clock.summary.judged, bound.p95);
  demand("p99", clock.summary.worst, bound.p99);
  demand("max", clock.summary.worst, bound.max);
  clock.slo = bound.loosest();
  report.clocks.push_back(std::move(clock));
}

void judge_hits(report::CaseReport& report, const experiment::HitBound& bound) {
  using Kind = experiment::HitBound::Kind;
  if (report.trials.empty() || bound.kind == Kind::kNotJudged) return;
  const auto struck = static_cast<std::uint64_t>(std::ranges::count_if(
      report.trials, [](const report::TrialReport& trial) { return trial.total_hits() > 0; }));
  const auto trials = static_cast<std::uint64_t>(report.trials.size());
  const bool ok = bound.kind == Kind::kAll ? struck == trials
                  : bound.kind == Kind::kSome
                      ? struck > 0
                      : static_cast<double>(struck) >= bound.share * static_cast<double>(trials);
  if (ok) return;
  report.reasons.push_back(
      fmt::format("only {} of {} trials struck unfinished work: raise the rate, or tie the fault to a moment",
                  struck, trials));
  report.verdict = check::combine(std::vector{report.verdict, VerdictKind::inconclusive});
}

void judge_messages(report::CaseReport& report, const experiment::Expectations& expect_that) {
  const check::Totals& totals = report.totals;
  const auto within = [](std::uint64_t got, const std::optional<std::int64_t>& most) {
    return !most || got <= static_cast<std::uint64_t>(*most);
  };
  // One bound for all causes (not_yet.h sees to that).
  if (const auto& bound = expect_that.lost.by_service) {
    expect(report, Group::messages, "lost", fmt::format("{}", *bound),
           of(totals.lost, totals.acked, "acknowledged inputs have no effect"), within(totals.lost, bound));
  }
  if (expect_that.duplicates) {
    expect(report, Group::messages, "duplicates", fmt::format("{}", *expect_that.duplicates),
           of(totals.duplicated, totals.acked, "inputs have more effects than one of a kind"),
           within(totals.duplicated, expect_that.duplicates));
  }
  if (expect_that.unexpected) {
    expect(report, Group::messages, "unexpected", fmt::format("{}", *expect_that.unexpected),
           fmt::format("{} effects that nobody asked for", totals.unexpected),
           within(totals.unexpected, expect_that.unexpected));
  }
  if (expect_that.errors) {
    const auto bad = totals.failed + totals.unknown + totals.recovered;
    const double share =
        totals.attempted == 0 ? 1.0 : static_cast<double>(bad) / static_cast<double>(totals.attempted);
    expect(report, Group::messages, "errors", fmt::format("{:.2f} %", *expect_that.errors * 100),
           fmt::format("{:.2f} % of inputs failed or are unknown", share * 100),
           share <= *expect_that.errors);
  }
}

std::string_view word_of(VerdictKind kind) {
  switch (kind) {
    case VerdictKind::pass:
      return "PASS";
    case VerdictKind::fail:
      return "FAIL";
    case VerdictKind::inconclusive:
      return "INCONCLUSIVE";
  }
  return "INCONCLUSIVE";
}

}  // namespace

void judge_run(report::CaseReport& report, const experiment::Experiment& experiment,
               const ledger::Ledger& ledger) {
  report.checks = {check::check_lost(ledger), check::check_duplicates(ledger),
                   check::check_unexpected(ledger), check::run_self_test(ledger)};
  report.totals = check::count_totals(ledger);
  judge_messages(report, experiment.expect);
  if (!report.trials.empty()) {
    judge_clock(report, "caught up", experiment.expect.caught_up, report::caught_up_of);
    judge_clock(report, "first output", experiment.expect.first_output, report::first_output_of);
    judge_clock(report, "time to green", experiment.expect.time_to_green, report::time_to_green_of);
  }
  std::vector<VerdictKind> kinds{report.verdict};
  for (const report::TrialReport& trial : report.trials) {
    kinds.push_back(trial.verdict);
    for (const std::string& reason : trial.reasons) {
      report.reasons.push_back(fmt::format("trial {}: {}", trial.number, reason));
    }
  }
  for (const report::Assertion& assertion : report.assertions) {
    if (assertion.ok) continue;
    kinds.push_back(VerdictKind::fail);
    report.reasons.push_back(fmt::format("{}: {}, want {}", assertion.text, assertion.got, assertion.want));
  }
  const check::Verdict& self_test = report.checks.back();
  if (self_test.kind != VerdictKind::pass) {
    kinds.push_back(VerdictKind::inconclusive);
    report.reasons.push_back("self-test: " + (self_test.reasons.empty() ? "" : self_test.reasons.front()));
  }
  report.verdict = check::combine(kinds);
  judge_hits(report, experiment.expect.hit);
  report.notes.push_back({"how sure", report.verdict == VerdictKind::pass
                                          ? check::how_sure(report.trials.size())
                                          : "not said where something failed"});
}

std::string verdict_text(const report::RunReport& run) {
  const report::CaseReport& report = run.cases.front();
  const auto struck = std::ranges::count_if(
      report.trials, [](const report::TrialReport& trial) { return trial.total_hits() > 0; });
  std::string text =
      fmt::format("{}   {} · {} of {} trials struck unfinished work · {} · seed {}\n", word_of(run.verdict()),
                  run.name, struck, report.trials.size(), base::format_duration(run.took), run.seed);
  for (const report::Assertion& assertion : report.assertions) {
    text += fmt::format("  {:<13} {:<64} want {:<8} {}\n", assertion.text, assertion.got, assertion.want,
                        assertion.ok ? "ok" : "FAILED");
  }
  for (const check::Verdict& verdict : report.checks) {
    if (verdict.kind != VerdictKind::fail) continue;
    for (std::size_t i = 0; i < std::min<std::size_t>(verdict.examples.size(), 5); ++i) {
      text += fmt::format("      {:<11} {}\n", verdict.checker, verdict.examples[i].facts);
    }
    if (verdict.examples.size() > 5) {
      text += fmt::format("      … {} more in the report\n", verdict.examples.size() - 5);
    }
  }
  for (const report::ClockReport& clock : report.clocks) {
    text += fmt::format("  {:<13} {}\n", clock.name, check::describe(clock.summary));
  }
  for (const std::string& reason : report.reasons) text += fmt::format("  because       {}\n", reason);
  for (const report::Note& note : report.notes) text += fmt::format("  {:<13} {}\n", note.label, note.text);
  return text;
}

}  // namespace squall::run
