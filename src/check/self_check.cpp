#include "check/self_check.h"

#include <fmt/format.h>

#include "check/duplicates.h"
#include "check/lost.h"

namespace squall::check {
namespace {

// The first and the last input that are acknowledged (or, of a core publisher, could not be) and have each
// effect as often as declared.
struct Chosen {
  std::optional<ledger::OpId> hidden;
  std::optional<ledger::OpId> doubled;
};

Chosen choose(const ledger::Ledger& ledger) {
  Chosen chosen;
  const ledger::CardTable& cards = ledger.cards();
  const ledger::State taken = ledger.run().only_core() ? ledger::State::unknown : ledger::State::ok;
  for (ledger::OpId id = 0; id < ledger.size(); ++id) {
    const ledger::Card card = cards.get(id);
    if (card.state() != taken || card.has(ledger::Card::filtered) || !cards.complete(card)) continue;
    bool doubled = false;
    for (std::size_t stage = 0; stage < ledger.layout().stages.size(); ++stage) {
      doubled = doubled || cards.surplus(card, static_cast<ledger::Stage>(stage));
    }
    if (doubled) continue;
    (chosen.hidden ? chosen.doubled : chosen.hidden) = id;
  }
  return chosen;
}

// A copy in which one input has no final effect and another has one too many.
ledger::Ledger lie(const ledger::Ledger& ledger, ledger::OpId hidden, ledger::OpId doubled) {
  const ledger::Stage last = ledger.layout().final_stage();
  ledger::Ledger lying = ledger;
  lying.hide_effects(hidden, last);
  base::Instant at;
  if (const auto operation = ledger.operation(doubled); operation.times_known) at = operation.finished_at();
  lying.add(ledger::Effect{last, ledger.key(doubled), 0, at});
  return lying;
}

// Of a core publish a missing effect is no loss, but it shows.
std::uint64_t without_effect(const ledger::Ledger& ledger) {
  if (!ledger.run().only_core()) return check_lost(ledger).count("lost");
  std::uint64_t without = 0;
  for (ledger::OpId id = 0; id < ledger.size(); ++id)
    without += ledger.cards().complete(ledger.cards().get(id)) ? 0 : 1;
  return without;
}

}  // namespace

Verdict run_self_test(const ledger::Ledger& ledger) {
  Verdict verdict = begin_verdict("self-test", ledger);
  const Chosen chosen = choose(ledger);
  if (!chosen.hidden || !chosen.doubled) {
    verdict.inconclusive("there are no two finished inputs to lie about");
    return verdict;
  }
  const ledger::Ledger lying = lie(ledger, *chosen.hidden, *chosen.doubled);
  const std::uint64_t lost = without_effect(lying) - without_effect(ledger);
  const std::uint64_t doubled =
      check_duplicates(lying).count("duplicated") - check_duplicates(ledger).count("duplicated");
  verdict.counts = {{"hidden_and_reported", lost}, {"doubled_and_reported", doubled}};
  verdict.add_example(lying, *chosen.hidden);
  verdict.add_example(lying, *chosen.doubled);
  if (lost != 1) verdict.inconclusive(fmt::format("one effect was hidden, {} were reported as lost", lost));
  if (doubled != 1) verdict.inconclusive(fmt::format("one effect was doubled, {} were reported", doubled));
  return verdict;
}

}  // namespace squall::check
