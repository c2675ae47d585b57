// What a handful of trials can honestly claim about a clock, and about losses.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>

#include "base/clock.h"
#include "check/verdict.h"

namespace squall::check {

// From so many trials on, the worst is a 95 % confident bound of the 95th percentile (0.95^59 < 0.05).
inline constexpr std::size_t kTrialsForP95 = 59;

// One clock over n trials. A trial in which it never stopped is worse than any value.
struct ClockSummary {
  std::size_t trials = 0;
  std::size_t never = 0;              // censored
  std::optional<base::Nanos> median;  // nothing: never
  std::optional<base::Nanos> worst;   // nothing: never, in one trial or more
  // Only from kTrialsForP95 trials on; nothing also when it lies among the censored.
  std::optional<base::Nanos> p95;
  // The order statistic that bounds the 95th percentile with 95 % confidence; below 59 trials, the worst.
  std::optional<base::Nanos> judged;

  bool operator==(const ClockSummary&) const = default;
};

// Without trials everything is empty and nothing can be judged.
ClockSummary summarize(std::span<const std::optional<base::Nanos>> values);

// Names what `judged` is: "worst of 10", or "95 % confident p95 of 60".
std::string judged_label(const ClockSummary& summary);
// "p50 2.00 s, worst of 10: 2.01 s"; "p50 2.00 s, never in 2 of 10 trials".
std::string describe(const ClockSummary& summary);

// Inconclusive without trials, fail when `judged` is above the limit or never.
Verdict check_clock(const std::string& name, const ClockSummary& summary, base::Nanos limit);

// The share of such faults that may still be slower or lose, at 95 % confidence, after n trials without one
// failure: 1 − 0.05^(1/n), about 3/n. 1 for n = 0.
double failure_rate_bound(std::size_t trials);
// "10 trials: p95 is the worst of 10; at 95 % confidence up to 26 % of such faults may be slower, or lose.
// 59 trials: 5 %." To be said only where none of them failed.
std::string how_sure(std::size_t trials);

}  // namespace squall::check
