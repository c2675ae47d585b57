#include "check/recovery.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace squall::check {
namespace {

using base::Instant;
using base::Nanos;

constexpr Nanos kBaseline = std::chrono::seconds{1};

bool finished_by(const ledger::Operation& operation, Instant until) {
  return operation.finished() && operation.finished_at() <= until;
}

// The accepted inputs of the window by when they came and when they were done, each sorted; how many are
// unfinished at any instant follows from the two.
class Backlog {
 public:
  Backlog(const ledger::Ledger& ledger, const FaultWindow& window) {
    // What was sent before the trial and is not done yet is as usual a backlog as any: effects may take
    // longer than a baseline lasts.
    for (const ledger::OpId id : ledger.attempted_since(window.unfinished_from())) {
      const ledger::Operation operation = ledger.operation(id);
      if (!operation.accepted()) continue;
      const Instant came = operation.accepted_at();
      if (came > window.observed_until) continue;
      came_.push_back(came);
      if (finished_by(operation, window.observed_until)) done_.push_back(operation.finished_at());
    }
    std::sort(came_.begin(), came_.end());
    std::sort(done_.begin(), done_.end());
  }

  std::uint64_t worst_within(Instant from, Instant until) const {
    std::uint64_t worst = at(from);
    for (auto came = std::upper_bound(came_.begin(), came_.end(), from);
         came != came_.end() && *came <= until; ++came) {
      worst = std::max(worst, at(*came));
    }
    return worst;
  }

  // The first instant from `from` on at which it is at most `level`; nothing if never.
  std::optional<Instant> falls_to(std::uint64_t level, Instant from) const {
    if (at(from) <= level) return from;
    for (auto done = std::upper_bound(done_.begin(), done_.end(), from); done != done_.end(); ++done) {
      if (at(*done) <= level) return *done;
    }
    return std::nullopt;
  }

  std::uint64_t done_within(Instant from, Instant until) const {
    return static_cast<std::uint64_t>(std::upper_bound(done_.begin(), done_.end(), until) -
                                      std::lower_bound(done_.begin(), done_.end(), from));
  }

 private:
  std::uint64_t at(Instant instant) const {
    const auto came = std::upper_bound(came_.begin(), came_.end(), instant) - came_.begin();
    const auto done = std::upper_bound(done_.begin(), done_.end(), instant) - done_.begin();
    return static_cast<std::uint64_t>(came - done);
  }

  std::vector<Instant> came_;
  std::vector<Instant> done_;
};

// What the effects say, input by input; instants, not durations.
struct Findings {
  std::uint64_t sent_before = 0;  // the fault was over
  std::uint64_t never_finished = 0;
  std::optional<Instant> struck_work_done;
  std::optional<Instant> first_output;
  std::optional<Instant> first_effect_after_heal;
  bool attempted_after = false;
};

void keep_earliest(std::optional<Instant>& kept, Instant candidate) {
  if (!kept || candidate < *kept) kept = candidate;
}

void look_at(const ledger::Operation& operation, const FaultWindow& window, Findings& findings) {
  const Instant fault = window.took_effect_at;
  const bool finished = finished_by(operation, window.observed_until);
  for (const ledger::StageEffects& stage : operation.effects) {
    if (!window.healed_at || stage.count == 0) continue;
    if (stage.first_at >= *window.healed_at && stage.first_at <= window.observed_until) {
      keep_earliest(findings.first_effect_after_heal, stage.first_at);
    }
  }
  if (operation.attempted_at > fault && operation.attempted_at <= window.observed_until &&
      !operation.filtered) {
    findings.attempted_after = true;
    if (finished) keep_earliest(findings.first_output, operation.finished_at());
  }
  // In flight at the fault and accepted in the end is struck work too.
  const bool sent_before =
      operation.attempted_at >= window.observed_from && operation.attempted_at <= window.over_at();
  if (!sent_before || !operation.accepted()) return;
  ++findings.sent_before;
  if (!finished) {
    ++findings.never_finished;
  } else if (operation.finished_at() > fault) {
    findings.struck_work_done = std::max(findings.struck_work_done.value_or(fault), operation.finished_at());
  }
}

std::string explain(const Findings& findings, bool backlog_gone) {
  if (!findings.attempted_after) return "no input was attempted after the fault";
  if (!findings.first_output) return "no input attempted after the fault was ever finished";
  if (findings.never_finished > 0) {
    return fmt::format("{} of {} accepted inputs of before the fault was over were never finished",
                       findings.never_finished, findings.sent_before);
  }
  return backlog_gone ? "" : "the backlog never came back to its level of before the fault";
}

}  // namespace

Recovery measure_recovery(const ledger::Ledger& ledger, const FaultWindow& window) {
  const Instant fault = window.took_effect_at;
  if (const auto missing = ledger.times_missing(window.observed_from)) {
    return {.observed_for = window.observed_until - fault, .censored_because = *missing, .measured = false};
  }
  Findings findings;
  for (const ledger::OpId id : ledger.attempted_since(Instant::min())) {
    look_at(ledger.operation(id), window, findings);
  }

  const Backlog backlog(ledger, window);
  const Instant baseline_until = window.normal_until();
  const Instant baseline_from = std::max(window.observed_from, baseline_until - kBaseline);
  Recovery recovery{.never_finished = findings.never_finished,
                    .peak_backlog = backlog.worst_within(fault, window.observed_until),
                    .normal_backlog = backlog.worst_within(baseline_from, baseline_until),
                    .observed_for = window.observed_until - fault};
  if (const double seconds = std::chrono::duration<double>(baseline_until - baseline_from).count();
      seconds > 0) {
    recovery.normal_rate = static_cast<double>(backlog.done_within(baseline_from, baseline_until)) / seconds;
  }
  if (findings.first_output) recovery.first_output = *findings.first_output - fault;
  if (findings.first_effect_after_heal) {
    recovery.first_effect_after_heal = *findings.first_effect_after_heal - *window.healed_at;
  }
  if (findings.struck_work_done) recovery.struck_work_done = *findings.struck_work_done - fault;

  std::optional<Instant> caught_up;
  if (findings.first_output) {
    const Instant not_before = std::max(*findings.first_output, findings.struck_work_done.value_or(fault));
    const auto but_missing = backlog.falls_to(recovery.normal_backlog + findings.never_finished, not_before);
    if (but_missing) recovery.caught_up_but_missing = *but_missing - fault;
    if (findings.never_finished == 0) caught_up = but_missing;
  }
  if (caught_up) recovery.caught_up = *caught_up - fault;
  recovery.censored_because = explain(findings, caught_up.has_value());
  return recovery;
}

Recovery worst_of(std::span<const Recovery> recoveries) {
  if (recoveries.empty()) return {};
  const auto worst_clock = [&](std::optional<Nanos> Recovery::* clock) -> std::optional<Nanos> {
    std::optional<Nanos> worst = Nanos::min();
    for (const Recovery& each : recoveries)
      worst = each.*clock && worst ? std::max(worst, each.*clock) : std::nullopt;
    return worst;
  };
  Recovery worst = recoveries.front();
  worst.first_output = worst_clock(&Recovery::first_output);
  worst.first_effect_after_heal = worst_clock(&Recovery::first_effect_after_heal);
  worst.caught_up = worst_clock(&Recovery::caught_up);
  worst.caught_up_but_missing = worst_clock(&Recovery::caught_up_but_missing);
  for (const Recovery& each : recoveries.subspan(1)) {
    worst.struck_work_done = std::max(worst.struck_work_done, each.struck_work_done);
    worst.never_finished = std::max(worst.never_finished, each.never_finished);
    worst.peak_backlog = std::max(worst.peak_backlog, each.peak_backlog);
    worst.normal_backlog = std::max(worst.normal_backlog, each.normal_backlog);
    worst.normal_rate = std::min(worst.normal_rate, each.normal_rate);
    worst.observed_for = std::min(worst.observed_for, each.observed_for);
    worst.measured = worst.measured && each.measured;
    if (worst.censored_because.empty()) worst.censored_because = each.censored_because;
  }
  return worst;
}

std::optional<Nanos> caught_up_bound(const CaughtUpBound& inputs) {
  if (inputs.backlog > 0 && inputs.rate <= 0) return std::nullopt;
  const double seconds = inputs.backlog > 0 ? static_cast<double>(inputs.backlog) / inputs.rate : 0;
  const auto draining = std::chrono::duration_cast<Nanos>(std::chrono::duration<double>(seconds));
  return inputs.down_time + inputs.ack_wait + draining + inputs.slack;
}

}  // namespace squall::check
