#include "run/judgement.h"

#include <algorithm>
#include <iterator>
#include <vector>

#include "check/self_check.h"
#include "check/trials.h"

namespace squall::run {
namespace {

using check::VerdictKind;
using report::Group;

void expect(report::CaseReport& report, Group group, std::string text, std::string want, std::string got,
            bool ok) {
  report.assertions.push_back({group, std::move(text), std::move(want), std::move(got), ok});
}

// Over the trials whose fault was seen to happen and whose recovery could be measured: the others are
// inconclusive anyway.
void judge_clock(report::CaseReport& report, std::string name, const experiment::ClockBound& bound,
                 std::optional<base::Nanos> (*value)(const report::TrialReport&)) {
  std::vector<report::TrialReport> disturbed;
  std::ranges::copy_if(report.trials, std::back_inserter(disturbed), [](const report::TrialReport& trial) {
    return trial.took_effect_at.has_value() && trial.not_measured.empty();
  });
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
  const auto struck =
      static_cast<std::uint64_t>(std::ranges::count_if(report.trials, [](const report::TrialReport& trial) {
        return trial.total_hits() > 0 || !trial.not_measured.empty();
      }));
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

// A trial of several faults counts as struck by the first that does; the others are not passed over.
void note_faults_without_hits(report::CaseReport& report) {
  std::size_t faults = 0;
  std::vector<std::string> without;
  for (const report::TrialReport& trial : report.trials) {
    if (trial.faults.size() < 2) continue;
    for (const report::FaultReport& fault : trial.faults) {
      ++faults;
      if (fault.hits == 0) without.push_back(fmt::format("{} in trial {}", fault.what, trial.number));
    }
  }
  if (without.empty()) return;
  const std::size_t shown = std::min<std::size_t>(without.size(), 3);
  report.notes.push_back(
      {"not struck",
       fmt::format("{} of {} faults found no unfinished work: {}{}", without.size(), faults,
                   fmt::join(without.begin(), without.begin() + static_cast<std::ptrdiff_t>(shown), ", "),
                   without.size() > shown ? ", …" : "")});
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

bool is_about_losses(const report::Note& note) { return note.label == "where" || note.label == "cause"; }

std::string examples_text(const check::Verdict& verdict) {
  constexpr std::size_t kShown = 5;
  std::string text;
  for (std::size_t i = 0; i < std::min(verdict.examples.size(), kShown); ++i) {
    text += fmt::format("      {:<9} {}\n", verdict.checker, verdict.examples[i].facts);
  }
  if (verdict.examples.size() > kShown) {
    text += fmt::format("      … {} more in the report\n", verdict.examples.size() - kShown);
  }
  return text;
}

}  // namespace

void judge_run(report::CaseReport& report, const experiment::Experiment& experiment,
               const ledger::Ledger& ledger, const RunKnowledge& known) {
  judge_messages(report, experiment, ledger, known);
  report.checks.push_back(check::run_self_test(ledger));
  if (!report.trials.empty()) {
    judge_clock(report, "caught up", experiment.expect.caught_up, report::caught_up_of);
    judge_clock(report, "first output", experiment.expect.first_output, report::first_output_of);
    judge_clock(report, "time to green", experiment.expect.time_to_green, report::time_to_green_of);
  }
  const bool nothing_proven = std::ranges::any_of(
      report.checks, [](const check::Verdict& verdict) { return verdict.proves_nothing; });
  std::vector<VerdictKind> kinds{report.verdict};
  for (const report::TrialReport& trial : report.trials) {
    // A trial fails by what never came, and unseen effects may have come.
    const bool doubtful =
        trial.verdict == VerdictKind::fail && (nothing_proven || known.effects_may_be_unseen());
    kinds.push_back(doubtful ? VerdictKind::inconclusive : trial.verdict);
    for (const std::string& reason : trial.reasons) {
      report.reasons.push_back(fmt::format("trial {}: {}", trial.number, reason));
    }
  }
  for (const report::Assertion& assertion : report.assertions) {
    if (assertion.ok) continue;
    const bool doubtful = nothing_proven || (known.effects_may_be_unseen() && is_about_absence(assertion));
    kinds.push_back(doubtful ? VerdictKind::inconclusive : VerdictKind::fail);
    report.reasons.push_back(fmt::format("{}: {}, want {}", assertion.text, assertion.got, assertion.want));
  }
  const check::Verdict& self_test = report.checks.back();
  if (self_test.kind != VerdictKind::pass) {
    kinds.push_back(VerdictKind::inconclusive);
    report.reasons.push_back("self-test: " + (self_test.reasons.empty() ? "" : self_test.reasons.front()));
  }
  report.verdict = check::combine(kinds);
  judge_hits(report, experiment.expect.hit);
  note_faults_without_hits(report);
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
    if (verdict.kind == VerdictKind::fail) text += examples_text(verdict);
  }
  for (const report::Note& note : report.notes) {
    if (is_about_losses(note)) text += fmt::format("      {:<9} {}\n", note.label, note.text);
  }
  for (const report::ClockReport& clock : report.clocks) {
    text += fmt::format("  {:<13} {}\n", clock.name, check::describe(clock.summary));
  }
  for (const std::string& reason : report.reasons) text += fmt::format("  because       {}\n", reason);
  for (const report::Note& note : report.notes) {
    if (!is_about_losses(note)) text += fmt::format("  {:<13} {}\n", note.label, note.text);
  }
  return text;
}

}  // namespace squall::run
