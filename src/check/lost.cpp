#include "check/lost.h"

#include <fmt/format.h>

#include <algorithm>

namespace squall::check {
namespace {

bool is_lost(const ledger::Operation& operation) {
  return operation.acknowledged() &&
         std::any_of(operation.effects.begin(), operation.effects.end(),
                     [](const ledger::StageEffects& stage) { return stage.count == 0; });
}

// Between which inputs with all their effects an input can lie.
struct Finished {
  std::optional<ledger::OpId> first;
  ledger::OpId last = 0;
};

Finished find_finished(const ledger::Ledger& ledger) {
  Finished finished;
  for (ledger::OpId id = 0; id < ledger.size(); ++id) {
    const ledger::Operation operation = ledger.operation(id);
    if (!operation.acknowledged() || is_lost(operation)) continue;
    if (!finished.first) finished.first = id;
    finished.last = id;
  }
  return finished;
}

}  // namespace

Verdict check_lost(const ledger::Ledger& ledger) {
  Verdict verdict = begin_verdict("lost", ledger);
  const Finished finished = find_finished(ledger);
  const std::vector<std::string>& stages = ledger.layout().stages;
  std::vector<std::uint64_t> lost_in_stage(stages.size());
  std::uint64_t lost = 0;
  std::uint64_t prefix = 0;
  std::uint64_t tail = 0;
  for (ledger::OpId id = 0; id < ledger.size(); ++id) {
    const ledger::Operation operation = ledger.operation(id);
    if (!is_lost(operation)) continue;
    ++lost;
    for (std::size_t stage = 0; stage < stages.size(); ++stage) {
      if (operation.effects[stage].count == 0) ++lost_in_stage[stage];
    }
    if (!finished.first || id < *finished.first) {
      ++prefix;
    } else if (id > finished.last) {
      ++tail;
    }
    verdict.add_example(ledger, id);
  }

  verdict.counts = {{"acknowledged", ledger.counts().ok}, {"lost", lost}};
  for (std::size_t stage = 0; stage < stages.size(); ++stage) {
    verdict.counts.push_back({"lost." + stages[stage], lost_in_stage[stage]});
  }
  verdict.counts.insert(verdict.counts.end(),
                        {{"prefix", prefix}, {"middle", lost - prefix - tail}, {"tail", tail}});
  if (lost == 0) return verdict;
  std::string by_stage;
  for (std::size_t stage = 0; stage < stages.size(); ++stage) {
    if (lost_in_stage[stage] == 0) continue;
    by_stage +=
        fmt::format("{}{} without {}", by_stage.empty() ? "" : ", ", lost_in_stage[stage], stages[stage]);
  }
  verdict.fail(fmt::format("{} of {} acknowledged inputs have not all their effects: {}", lost,
                           ledger.counts().ok, by_stage));
  return verdict;
}

}  // namespace squall::check
