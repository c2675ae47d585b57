#include "check/trials.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace squall::check {
namespace {

constexpr double kDoubt = 0.05;       // 1 − confidence
constexpr double kPercentile = 0.95;  // of the clock

// The rank (from 1) of the smallest order statistic that is at least the 95th percentile with 95 %
// confidence: the smallest k with P(Binomial(n, 0.95) < k) >= 0.95. n if there is none (below 59 trials).
std::size_t confident_rank(std::size_t n) {
  double cumulative = 0;
  for (std::size_t k = 0; k < n; ++k) {
    const double log_choose = std::lgamma(static_cast<double>(n) + 1) -
                              std::lgamma(static_cast<double>(k) + 1) -
                              std::lgamma(static_cast<double>(n - k) + 1);
    cumulative += std::exp(log_choose + static_cast<double>(k) * std::log(kPercentile) +
                           static_cast<double>(n - k) * std::log1p(-kPercentile));
    if (cumulative >= 1 - kDoubt) return k + 1;
  }
  return n;
}

std::optional<base::Nanos> shown(base::Nanos value) {
  return value == base::Nanos::max() ? std::nullopt : std::optional(value);
}

// With an even number of trials the mean of the two in the middle.
std::optional<base::Nanos> median_of(const std::vector<base::Nanos>& sorted) {
  const base::Nanos upper = sorted[sorted.size() / 2];
  if (sorted.size() % 2 == 1 || upper == base::Nanos::max()) return shown(upper);
  return (sorted[sorted.size() / 2 - 1] + upper) / 2;
}

std::string text_of(std::optional<base::Nanos> value) {
  return value ? base::format_duration(*value) : "never";
}

}  // namespace

ClockSummary summarize(std::span<const std::optional<base::Nanos>> values) {
  ClockSummary summary{.trials = values.size()};
  if (values.empty()) return summary;
  // Censored ones sort behind everything.
  std::vector<base::Nanos> sorted;
  for (const auto& value : values) sorted.push_back(value.value_or(base::Nanos::max()));
  std::sort(sorted.begin(), sorted.end());
  summary.never = static_cast<std::size_t>(std::count(sorted.begin(), sorted.end(), base::Nanos::max()));
  summary.median = median_of(sorted);
  summary.worst = shown(sorted.back());
  summary.judged = summary.worst;
  if (values.size() < kTrialsForP95) return summary;
  const auto nearest_rank =
      static_cast<std::size_t>(std::ceil(kPercentile * static_cast<double>(values.size())));
  summary.p95 = shown(sorted[nearest_rank - 1]);
  summary.judged = shown(sorted[confident_rank(values.size()) - 1]);
  return summary;
}

std::string judged_label(const ClockSummary& summary) {
  if (summary.trials == 0) return "no trials";
  if (summary.trials < kTrialsForP95) return fmt::format("worst of {}", summary.trials);
  return fmt::format("95 % confident p95 of {}", summary.trials);
}

std::string describe(const ClockSummary& summary) {
  if (summary.trials == 0) return "no trials";
  // Without a median there is no figure that would not flatter.
  if (!summary.median) return fmt::format("never in {} of {} trials", summary.never, summary.trials);
  std::string text = fmt::format("p50 {}", text_of(summary.median));
  if (summary.trials >= kTrialsForP95) {
    text += fmt::format(", p95 {} (at 95 % confidence at most {})", text_of(summary.p95),
                        text_of(summary.judged));
  }
  if (summary.never > 0)
    return text + fmt::format(", never in {} of {} trials", summary.never, summary.trials);
  return text + fmt::format(", worst of {}: {}", summary.trials, text_of(summary.worst));
}

Verdict check_clock(const std::string& name, const ClockSummary& summary, base::Nanos limit) {
  Verdict verdict{.checker = name, .kind = VerdictKind::pass};
  verdict.counts = {{"trials", summary.trials}, {"never", summary.never}};
  if (summary.trials == 0) {
    verdict.inconclusive("there was no trial to measure");
  } else if (!summary.judged) {
    verdict.fail(fmt::format("{}: never in {} of {} trials, want {}", name, summary.never, summary.trials,
                             base::format_duration(limit)));
  } else if (*summary.judged > limit) {
    verdict.fail(fmt::format("{}: {} is {}, want {}", name, judged_label(summary),
                             base::format_duration(*summary.judged), base::format_duration(limit)));
  }
  return verdict;
}

double failure_rate_bound(std::size_t trials) {
  return trials == 0 ? 1 : 1 - std::pow(kDoubt, 1 / static_cast<double>(trials));
}

std::string how_sure(std::size_t trials) {
  if (trials == 0) return "no trials: nothing is known.";
  const std::string bound =
      fmt::format("at 95 % confidence up to {:.0f} % of such faults may be slower, or lose.",
                  std::ceil(failure_rate_bound(trials) * 100));
  if (trials >= kTrialsForP95) return fmt::format("{} trials: {}", trials, bound);
  return fmt::format("{} {}: p95 is the worst of {}; {} {} trials: 5 %.", trials,
                     trials == 1 ? "trial" : "trials", trials, bound, kTrialsForP95);
}

}  // namespace squall::check
