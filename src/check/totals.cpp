#include "check/totals.h"

#include "check/loss_cause.h"

namespace squall::check {

Totals count_totals(const ledger::Ledger& ledger) {
  const ledger::Counts& counts = ledger.counts();
  Totals totals{.attempted = counts.attempted, .acked = counts.ok, .failed = counts.failed};
  const ledger::CardTable& cards = ledger.cards();
  const std::size_t stages = ledger.layout().stages.size();
  for (ledger::OpId id = 0; id < ledger.size(); ++id) {
    const ledger::Card card = cards.get(id);
    bool doubled = false;
    for (std::size_t stage = 0; stage < stages; ++stage) {
      doubled = doubled || cards.surplus(card, static_cast<ledger::Stage>(stage));
    }
    if (is_lost(cards, card)) ++totals.lost;
    if (doubled) ++totals.duplicated;
    // An input without an outcome is as unknown as one whose outcome says so.
    if (card.state() == ledger::State::unknown || card.state() == ledger::State::open) {
      ++(cards.has_effect(card) ? totals.recovered : totals.unknown);
    }
  }
  totals.unexpected = ledger.unexpected_count();
  return totals;
}

}  // namespace squall::check
