#include "check/late.h"

#include <fmt/format.h>

#include <cmath>

#include "check/loss_cause.h"

namespace squall::check {
namespace {

std::uint64_t unfinished_of(const ledger::Ledger& ledger) {
  std::uint64_t unfinished = 0;
  for (ledger::OpId id = 0; id < ledger.size(); ++id) {
    const ledger::Card card = ledger.cards().get(id);
    const bool accepted = card.state() == ledger::State::ok || ledger.cards().has_effect(card);
    if (accepted && !ledger.cards().finished(card)) ++unfinished;
  }
  return unfinished;
}

// Nothing: never, because too many are unfinished.
std::optional<base::Nanos> at_share(const ledger::Latencies& latencies, std::uint64_t unfinished,
                                    double share) {
  const double wanted = std::ceil(share * static_cast<double>(latencies.count() + unfinished));
  if (latencies.count() == 0 || wanted > static_cast<double>(latencies.count())) return std::nullopt;
  return latencies.quantile(wanted / static_cast<double>(latencies.count()));
}

std::uint64_t in_us(std::optional<base::Nanos> latency) {
  return static_cast<std::uint64_t>(latency.value_or(base::Nanos{0}).count() / 1000);
}

}  // namespace

Verdict check_late(const ledger::Ledger& ledger, const LateLimit& limit) {
  Verdict verdict = begin_verdict("late", ledger);
  const ledger::Latencies& latencies = ledger.latencies();
  const std::uint64_t unfinished = unfinished_of(ledger);
  verdict.counts = {{"finished", latencies.count()},
                    {"unfinished", unfinished},
                    {"late", latencies.slower_than(limit.limit)},
                    {"p50_us", in_us(latencies.quantile(0.5))},
                    {"p90_us", in_us(latencies.quantile(0.9))},
                    {"p99_us", in_us(latencies.quantile(0.99))},
                    {"worst_us", in_us(latencies.worst())}};
  if (const auto problem = ledger.clock_problem()) {
    verdict.inconclusive(*problem);
    return verdict;
  }
  if (latencies.count() + unfinished == 0) {
    verdict.inconclusive("no input was finished, so no latency is known");
    return verdict;
  }
  const auto latency = at_share(latencies, unfinished, limit.share);
  if (latency && *latency <= limit.limit) return verdict;
  for (const ledger::Latencies::Slow& slow : latencies.slowest()) {
    if (slow.latency > limit.limit) verdict.add_example(ledger, slow.id);
  }
  verdict.fail(fmt::format("{:g} % of the inputs are finished after {}, want {}", limit.share * 100,
                           latency ? base::format_duration(*latency) : "never",
                           base::format_duration(limit.limit)));
  return verdict;
}

}  // namespace squall::check
