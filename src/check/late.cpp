#include "check/late.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace squall::check {
namespace {

using ledger::LatencySpan;

std::vector<LatencySpan> spans_of(const std::vector<Disturbance>& disturbances) {
  std::vector<LatencySpan> spans;
  for (const Disturbance& disturbance : disturbances) {
    spans.push_back({.from = disturbance.from - kTouchedBefore,
                     .until = disturbance.until.value_or(base::Instant::max())});
  }
  return spans;
}

bool touched(base::Instant due, const std::vector<LatencySpan>& spans) {
  for (const LatencySpan& span : spans) {
    if (due >= span.from && due <= span.until) return true;
  }
  return false;
}

bool counts(const ledger::Ledger& ledger, ledger::OpId id, const std::vector<LatencySpan>& spans) {
  if (spans.empty()) return true;
  const ledger::Facts* facts = ledger.facts(id);
  return facts != nullptr && !touched(facts->intended_at, spans);
}

// The latencies that count, of the finished; and how many more were accepted and never finished.
struct Seen {
  std::vector<LatencySpan> spans;
  ledger::LatencyHistogram finished;
  std::uint64_t unfinished = 0;
  std::uint64_t late = 0;            // of the finished, over the limit
  std::optional<base::Nanos> worst;  // exact, where it is known

  std::uint64_t all() const { return finished.count() + unfinished; }
  // How many must keep a limit for that share to keep it.
  std::uint64_t wanted(double share) const {
    return static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(all())));
  }
  bool keeps(double share) const { return finished.count() >= wanted(share) + late; }
  std::optional<base::Nanos> at(double share) const {
    if (finished.count() == 0 || wanted(share) > finished.count()) return std::nullopt;
    const auto latency =
        finished.quantile(static_cast<double>(wanted(share)) / static_cast<double>(finished.count()));
    return worst ? std::min(latency, *worst) : latency;
  }
  std::uint64_t us_at(double share) const {
    if (finished.count() == 0) return 0;
    const base::Nanos latency = finished.quantile(share);
    return static_cast<std::uint64_t>((worst ? std::min(latency, *worst) : latency).count() / 1000);
  }
};

Seen look_at(const ledger::Ledger& ledger, const LateLimit& limit) {
  Seen seen{.spans = spans_of(limit.disturbances), .finished = {}, .worst = {}};
  seen.finished = ledger.latencies().outside(seen.spans);
  for (ledger::OpId id = 0; id < ledger.size(); ++id) {
    const ledger::Card card = ledger.cards().get(id);
    const bool accepted = card.state() == ledger::State::ok || ledger.cards().has_effect(card);
    if (!accepted || ledger.cards().finished(card)) continue;
    const ledger::Facts* facts = ledger.facts(id);
    if (facts == nullptr || !touched(facts->intended_at, seen.spans)) ++seen.unfinished;
  }
  // Those in the limit's own step of the histogram are told apart among the slowest.
  std::uint64_t known_late = 0;
  for (const ledger::Slowest::One& slow : ledger.slowest().sorted()) {
    if (!counts(ledger, slow.id, seen.spans)) continue;
    if (!seen.worst) seen.worst = slow.latency;
    known_late += slow.latency > limit.limit;
  }
  seen.late = std::min(std::max(known_late, seen.finished.slower_than(limit.limit)), seen.finished.count());
  return seen;
}

}  // namespace

std::optional<base::Nanos> latency_at(const ledger::Ledger& ledger, const LateLimit& limit) {
  const Seen seen = look_at(ledger, limit);
  const auto latency = seen.at(limit.share);
  return latency && seen.keeps(limit.share) ? std::min(*latency, limit.limit) : latency;
}

Verdict check_late(const ledger::Ledger& ledger, const LateLimit& limit) {
  Verdict verdict = begin_verdict("late", ledger);
  const Seen seen = look_at(ledger, limit);
  verdict.counts = {
      {"finished", seen.finished.count()}, {"unfinished", seen.unfinished}, {"late", seen.late},
      {"p50_us", seen.us_at(0.5)},         {"p90_us", seen.us_at(0.9)},     {"p99_us", seen.us_at(0.99)},
      {"worst_us", seen.us_at(1)}};
  if (const auto problem = ledger.clock_problem()) {
    verdict.inconclusive(*problem);
    return verdict;
  }
  if (seen.all() == 0) {
    verdict.inconclusive(limit.disturbances.empty() ? "no input was finished, so no latency is known"
                                                    : "no input was sent that no fault could have touched");
    return verdict;
  }
  if (seen.keeps(limit.share)) return verdict;
  for (const ledger::Slowest::One& slow : ledger.slowest().sorted()) {
    if (slow.latency > limit.limit && counts(ledger, slow.id, seen.spans))
      verdict.add_example(ledger, slow.id);
  }
  const auto latency = seen.at(limit.share);
  verdict.fail(fmt::format("{:g} % of the inputs are finished after {}, want {}", limit.share * 100,
                           latency ? base::format_duration(*latency) : "never",
                           base::format_duration(limit.limit)));
  return verdict;
}

}  // namespace squall::check
