#include "check/hits.h"

#include <algorithm>
#include <numeric>
#include <vector>

namespace squall::check {
namespace {

// What the fault found the input doing; nothing: it was not hit.
struct Struck {
  bool in_flight = false;
  std::size_t waiting_for = 0;
};

// `taken`: the system had it, though it never said so.
std::optional<Struck> struck(const ledger::Operation& operation, const FaultWindow& window, bool taken) {
  const base::Instant fault = window.took_effect_at;
  if (operation.attempted_at > fault) return std::nullopt;
  if (!operation.accepted() && !taken) return std::nullopt;
  if (operation.finished() && operation.finished_at() <= fault) return std::nullopt;
  for (std::size_t stage = operation.effects.size(); stage-- > 0;) {
    const ledger::StageEffects& effects = operation.effects[stage];
    // With a fan-out, some of the last stage's effects may be there.
    if (effects.count > 0 && effects.first_at <= fault) {
      return Struck{.waiting_for = std::min(stage + 1, operation.effects.size() - 1)};
    }
  }
  const bool acknowledged_before = operation.acknowledged() && operation.ended_at <= fault;
  return Struck{.in_flight = !acknowledged_before, .waiting_for = 0};
}

// Up to where the system had come: the newest input that was finished before the fault. What is older and
// unfinished was left lying, perhaps lost long ago, and no fault strikes it anew.
base::Instant frontier(const ledger::Ledger& ledger, const std::vector<ledger::OpId>& ids,
                       const FaultWindow& window) {
  base::Instant newest = base::Instant::min();
  for (const ledger::OpId id : ids) {
    const ledger::Operation operation = ledger.operation(id);
    const bool finished = operation.finished() && operation.finished_at() <= window.took_effect_at;
    if (finished) newest = std::max(newest, operation.attempted_at);
  }
  return newest;
}

// Visits every input that was hit.
template <typename Visit>
void for_each_hit(const ledger::Ledger& ledger, const FaultWindow& window, Visit visit) {
  const std::vector<ledger::OpId> ids = ledger.attempted_since(window.unfinished_from());
  const base::Instant newest_done = frontier(ledger, ids, window);
  const base::Instant from = std::min(newest_done, window.observed_from);
  const bool only_core = ledger.run().only_core();
  for (const ledger::OpId id : ids) {
    const ledger::Operation operation = ledger.operation(id);
    if (operation.attempted_at < from) continue;
    // Nobody says of a core publish that it was taken: those behind the newest one that was done waited for
    // their turn, and were perhaps lost by this fault.
    const bool taken =
        only_core && operation.state == ledger::State::unknown && operation.attempted_at > newest_done;
    if (const auto found = struck(operation, window, taken)) visit(id, *found);
  }
}

}  // namespace

std::uint64_t Hits::total() const {
  return std::accumulate(waiting_for.begin(), waiting_for.end(), in_flight);
}

Hits count_hits(const ledger::Ledger& ledger, const FaultWindow& window) {
  Hits hits{.waiting_for = std::vector<std::uint64_t>(ledger.layout().stages.size())};
  for_each_hit(ledger, window, [&hits](ledger::OpId, const Struck& found) {
    ++(found.in_flight ? hits.in_flight : hits.waiting_for[found.waiting_for]);
  });
  return hits;
}

Verdict check_hits(const ledger::Ledger& ledger, const FaultWindow& window) {
  Verdict verdict = begin_verdict("hits", ledger);
  const Hits hits = count_hits(ledger, window);
  verdict.counts = {{"hits", hits.total()}, {"in_flight", hits.in_flight}};
  for (std::size_t stage = 0; stage < hits.waiting_for.size(); ++stage) {
    verdict.counts.push_back({"waiting_for." + ledger.layout().stages[stage], hits.waiting_for[stage]});
  }
  for_each_hit(ledger, window, [&](ledger::OpId id, const Struck&) {
    if (verdict.examples.size() < kMaxExamples) verdict.add_example(ledger, id);
  });
  if (const auto missing = ledger.times_missing(window.unfinished_from())) {
    verdict.inconclusive("the hits are not all known: " + *missing);
  } else if (hits.total() == 0) {
    verdict.inconclusive("the fault struck no unfinished work, so it proves nothing: raise the rate");
  }
  return verdict;
}

}  // namespace squall::check
