#include "check/duplicates.h"

#include <fmt/format.h>

#include <numeric>

namespace squall::check {

Verdict check_duplicates(const ledger::Ledger& ledger) {
  Verdict verdict = begin_verdict("duplicates", ledger);
  const std::vector<std::string>& stages = ledger.layout().stages;
  std::vector<std::uint64_t> doubled_in_stage(stages.size());
  std::uint64_t doubled = 0;
  std::uint64_t surplus = 0;
  for (ledger::OpId id = 0; id < ledger.size(); ++id) {
    const ledger::Operation operation = ledger.operation(id);
    bool is_doubled = false;
    for (std::size_t stage = 0; stage < stages.size(); ++stage) {
      const std::uint32_t count = operation.effects[stage].count;
      if (count < 2) continue;
      is_doubled = true;
      ++doubled_in_stage[stage];
      surplus += count - 1;
    }
    if (!is_doubled) continue;
    ++doubled;
    verdict.add_example(ledger, id);
  }

  const std::vector<std::uint64_t>& effects = ledger.counts().effects;
  const std::uint64_t all_effects = std::accumulate(effects.begin(), effects.end(), std::uint64_t{0});
  verdict.counts = {{"effects", all_effects}, {"duplicated", doubled}};
  for (std::size_t stage = 0; stage < stages.size(); ++stage) {
    verdict.counts.push_back({"duplicated." + stages[stage], doubled_in_stage[stage]});
  }
  verdict.counts.push_back({"surplus", surplus});
  if (doubled > 0) {
    verdict.fail(fmt::format("{} inputs have an effect more than once: {} of {} stored effects are surplus",
                             doubled, surplus, all_effects));
  }
  return verdict;
}

}  // namespace squall::check
