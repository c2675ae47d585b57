#include "check/order.h"

#include <fmt/format.h>

namespace squall::check {
Verdict check_order(const ledger::Ledger& ledger, const OrderOptions& options) {
  Verdict verdict = begin_verdict("order", ledger);
  std::uint64_t per_producer = 0;
  std::uint64_t per_key = 0;
  std::uint64_t inverted = 0;  // effects: one that is behind in both ways counts once
  std::uint64_t permitted = 0;
  std::optional<ledger::OpId> last;  // both ways of an effect stand side by side
  std::optional<ledger::OpId> last_permitted;
  for (const ledger::Inversion& inversion : ledger.sequence().inversions()) {
    const bool of_producer = inversion.scope == ledger::OrderScope::producer;
    if (!(of_producer ? options.per_producer : options.per_key)) continue;
    if (within(options.disturbances, inversion.at)) {
      if (last_permitted != inversion.id) ++permitted;
      last_permitted = inversion.id;
      continue;
    }
    ++(of_producer ? per_producer : per_key);
    if (last == inversion.id) continue;
    last = inversion.id;
    ++inverted;
    verdict.add_example(ledger, inversion.id);
  }
  verdict.counts = {{"inverted", inverted},
                    {"inverted.producer", per_producer},
                    {"inverted.key", per_key},
                    {"permitted", permitted}};
  const bool any = inverted + permitted > 0;
  if (const auto problem = ledger.clock_problem(); problem && any && !options.disturbances.empty()) {
    verdict.inconclusive("nobody can say whether effects changed their order inside or outside a fault: " +
                         *problem);
    return verdict;
  }
  if (inverted > 0) {
    verdict.fail(
        fmt::format("{} effects were stored after those of later inputs, outside any fault: {} of "
                    "the same producer, {} of the same key",
                    inverted, per_producer, per_key));
  }
  if (ledger.sequence().more() > 0) {
    verdict.inconclusive(fmt::format("{} more inversions were too many to keep", ledger.sequence().more()));
  }
  return verdict;
}

}  // namespace squall::check
