// Why an acknowledged input lacks an effect: judged by what the final scan found in the streams, and by where
// the system's consumers stand.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "ledger/ledger.h"

namespace squall::check {

enum class LossCause : std::uint8_t {
  in_nats,       // acknowledged to the publisher, and neither stored (by identity) nor taken over by an ack
  by_service,    // still stored, acked and gone, or replied to, and no effect: acked before the work was done
  stranded,      // its deliveries are exhausted (max_deliver); nobody will get it again
  pending,       // not done yet: never delivered, or delivered and not acked
  undetermined,  // there was no (complete) scan, or it cannot say
};
std::string_view to_string(LossCause cause);
inline constexpr std::size_t kLossCauses = 5;

// Acknowledged, and without all the effects that were declared.
inline bool is_lost(const ledger::CardTable& cards, ledger::Card card) {
  return card.state() == ledger::State::ok && !cards.complete(card);
}

// The fault that removed this input from its stream, which is then nobody else's doing; null: none did.
const ledger::FaultSpan* removed_by(const ledger::RunFacts& run, const ledger::Scan& scan,
                                    base::Instant accepted_at);

// Of an input for which is_lost().
LossCause cause_of_loss(const ledger::Ledger& ledger, ledger::OpId id);

}  // namespace squall::check
