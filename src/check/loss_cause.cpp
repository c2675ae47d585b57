#include "check/loss_cause.h"

#include <algorithm>

namespace squall::check {
namespace {

// What the consumers of a stream say about one of its sequences.
struct Position {
  bool any_consumer = false;
  bool undelivered = false;  // some consumer was never given it
  bool unacked = false;      // some consumer was given it, and may still hold it
};

Position position_of(const ledger::RunFacts& run, std::uint8_t stream, std::uint64_t seq) {
  Position position;
  for (const ledger::ConsumerState& consumer : run.consumers) {
    if (consumer.stream != stream) continue;
    position.any_consumer = true;
    if (seq > consumer.delivered_seq) {
      position.undelivered = true;
    } else if (seq > consumer.ack_floor && consumer.num_ack_pending > 0) {
      position.unacked = true;
    }
  }
  return position;
}

LossCause cause_of_stored(const ledger::RunFacts& run, std::uint8_t stream, std::uint64_t seq) {
  if (run.exhausted.contains({stream, seq})) return LossCause::stranded;
  const Position position = position_of(run, stream, seq);
  if (position.undelivered || position.unacked) return LossCause::pending;
  return LossCause::by_service;
}

bool sees_all_deliveries(const ledger::Ledger& ledger) {
  if (ledger.counts().deliveries == 0) return false;
  const ledger::CardTable& cards = ledger.cards();
  for (ledger::OpId id = 0; id < ledger.size(); ++id) {
    const ledger::Card card = cards.get(id);
    if (cards.has_effect(card) && card.delivered() == 0) return false;
  }
  return true;
}

}  // namespace

std::string_view to_string(LossCause cause) {
  switch (cause) {
    case LossCause::in_nats:
      return "in_nats";
    case LossCause::by_service:
      return "by_service";
    case LossCause::stranded:
      return "stranded";
    case LossCause::pending:
      return "pending";
    case LossCause::undetermined:
      break;
  }
  return "undetermined";
}

const ledger::FaultSpan* removed_by(const ledger::RunFacts& run, const ledger::Scan& scan,
                                    base::Instant accepted_at) {
  const auto removed = std::ranges::find_if(run.faults, [&](const ledger::FaultSpan& fault) {
    return fault.struck.fault_class == ledger::FaultClass::removal &&
           fault.struck.target == scan.began.name && accepted_at <= fault.struck.at;
  });
  return removed == run.faults.end() ? nullptr : &*removed;
}

LossCauses::LossCauses(const ledger::Ledger& ledger)
    : ledger_(ledger), deliveries_known_(sees_all_deliveries(ledger)) {}

// It is not in the stream where it was acknowledged.
LossCause LossCauses::of_gone(const ledger::Scan& scan, ledger::OpId id, const ledger::Facts& facts) const {
  const ledger::RunFacts& run = ledger_.run();
  const std::uint64_t seq = facts.stream_seq;
  const std::uint8_t stream = scan.began.stream;
  if (removed_by(run, scan, facts.ended_at) != nullptr) return LossCause::in_nats;
  // Work queues remove what was given up, too, where they are told to.
  if (run.exhausted.contains({stream, seq})) return LossCause::stranded;
  if (never_delivered(id)) return LossCause::in_nats;
  const bool delivered = ledger_.cards().get(id).delivered() > 0;
  const Position position = position_of(run, stream, seq);
  if (scan.began.retention == ledger::Retention::limits) {
    if (seq >= scan.ended->first_seq) return LossCause::in_nats;
    // Below the first sequence a limit has removed it: whether it had been acked before, nobody can say any
    // more.
    const bool given = delivered || (position.any_consumer && !position.undelivered);
    return given ? LossCause::undetermined : LossCause::in_nats;
  }
  // These streams remove a message when it is acked.
  if (delivered) return LossCause::by_service;
  if (!position.any_consumer) return LossCause::undetermined;
  return position.undelivered ? LossCause::in_nats : LossCause::by_service;
}

LossCause LossCauses::of(ledger::OpId id) const {
  const ledger::Card card = ledger_.cards().get(id);
  const ledger::RunFacts& run = ledger_.run();
  const ledger::Facts* facts = ledger_.facts(id);
  if (facts == nullptr) return LossCause::undetermined;
  // Whoever replies to a request takes it over; no stream has it.
  if (run.source(facts->source).kind == ledger::OperationKind::request) return LossCause::by_service;
  if (card.stored() > 0) return cause_of_stored(run, facts->stored_in, facts->stored_seq);
  // It was begun: that it has some effects and not the others is not the input stream's doing.
  if (ledger_.cards().has_effect(card)) return LossCause::by_service;
  if (!run.scanned(id)) return LossCause::undetermined;
  if (card.has(ledger::Card::confirmed)) return LossCause::by_service;
  // With several streams nobody knows which one had acknowledged it.
  if (run.scans.size() > 1) return card.delivered() > 0 ? LossCause::by_service : LossCause::in_nats;
  return of_gone(run.scans.begin()->second, id, *facts);
}

}  // namespace squall::check
