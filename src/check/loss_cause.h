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

// The causes of one ledger's losses. Lifetime: the ledger outlives it, and does not grow meanwhile.
class LossCauses {
 public:
  explicit LossCauses(const ledger::Ledger& ledger);

  // Of an input for which is_lost().
  LossCause of(ledger::OpId id) const;
  // Links saw all deliveries of the run, and none of this input: whatever the consumers' positions say,
  // nobody was given it.
  bool never_delivered(ledger::OpId id) const {
    return deliveries_known_ && ledger_.cards().get(id).delivered() == 0;
  }
  // Whether they saw all: nothing was done that they had not seen delivered.
  bool deliveries_known() const { return deliveries_known_; }

 private:
  LossCause of_gone(const ledger::Scan& scan, ledger::OpId id, const ledger::Facts& facts) const;

  const ledger::Ledger& ledger_;
  bool deliveries_known_ = false;
};

}  // namespace squall::check
