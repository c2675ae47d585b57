#include "check/duplicates.h"

#include <fmt/format.h>

#include <numeric>

namespace squall::check {

Verdict check_duplicates(const ledger::Ledger& ledger, Promise promise) {
  Verdict verdict = begin_verdict("duplicates", ledger);
  const ledger::CardTable& cards = ledger.cards();
  const std::vector<std::string>& stages = ledger.layout().stages;
  std::vector<std::uint64_t> doubled_in_stage(stages.size());
  std::uint64_t doubled = 0;
  for (ledger::OpId id = 0; id < ledger.size(); ++id) {
    const ledger::Card card = cards.get(id);
    bool is_doubled = false;
    for (std::size_t stage = 0; stage < stages.size(); ++stage) {
      if (!cards.surplus(card, static_cast<ledger::Stage>(stage))) continue;
      is_doubled = true;
      ++doubled_in_stage[stage];
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
  const std::uint64_t surplus = ledger.counts().surplus;
  verdict.counts.push_back({"surplus", surplus});
  verdict.counts.push_back({"redelivered", ledger.counts().redelivered});
  if (doubled > 0 && !allows_duplicates(promise)) {
    verdict.fail(fmt::format("{} inputs have an effect more than once: {} of {} stored effects are surplus",
                             doubled, surplus, all_effects));
  }
  return verdict;
}

}  // namespace squall::check
