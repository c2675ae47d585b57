#include "check/unavailability.h"

#include <algorithm>
#include <vector>

namespace squall::check {

Unavailability measure_unavailability(const ledger::Ledger& ledger, const FaultWindow& window) {
  Unavailability result;
  std::vector<base::Instant> acknowledged;
  for (const ledger::OpId id : ledger.attempted_since(base::Instant::min())) {
    const ledger::Operation operation = ledger.operation(id);
    if (operation.acknowledged() && operation.ended_at >= window.observed_from &&
        operation.ended_at <= window.observed_until) {
      acknowledged.push_back(operation.ended_at);
    }
    if (operation.attempted_at < window.observed_from || operation.attempted_at > window.observed_until)
      continue;
    if (operation.state == ledger::State::failed) {
      ++result.failed;
    } else if (operation.state == ledger::State::unknown) {
      ++result.unknown;
    } else {
      continue;
    }
    result.first = std::min(result.first.value_or(operation.attempted_at), operation.attempted_at);
    result.last = std::max(result.last.value_or(operation.attempted_at), operation.attempted_at);
  }

  std::sort(acknowledged.begin(), acknowledged.end());
  acknowledged.push_back(window.observed_until);  // a silence that has not ended is cut there
  base::Instant before = window.observed_from;
  for (const base::Instant instant : acknowledged) {
    if (instant > window.took_effect_at)
      result.longest_silence = std::max(result.longest_silence, instant - before);
    before = instant;
  }
  return result;
}

}  // namespace squall::check
