#include "check/dedupe.h"

#include <fmt/format.h>

namespace squall::check {
namespace {

constexpr base::Nanos kDefaultWindow = std::chrono::minutes(2);  // of nats-server

bool outside_window(const ledger::Ledger& ledger, ledger::OpId id, ledger::Card card) {
  const auto& contract = ledger.run().contract;
  const base::Nanos window = contract ? contract->duplicate_window.value_or(kDefaultWindow) : kDefaultWindow;
  if (!card.has(ledger::Card::retried)) return false;
  if (window <= base::Nanos{0}) return true;
  const ledger::Facts* facts = ledger.facts(id);
  return facts != nullptr && facts->last_attempt_at - facts->attempted_at > window;
}

}  // namespace

Verdict check_dedupe(const ledger::Ledger& ledger) {
  Verdict verdict = begin_verdict("dedupe", ledger);
  std::uint64_t retried = 0;
  std::uint64_t duplicate_acks = 0;
  std::uint64_t stored_twice = 0;
  std::uint64_t permitted = 0;
  for (ledger::OpId id = 0; id < ledger.size(); ++id) {
    const ledger::Card card = ledger.cards().get(id);
    retried += card.has(ledger::Card::retried);
    duplicate_acks += card.has(ledger::Card::duplicate_ack);
    if (card.stored() < 2) continue;
    ++stored_twice;
    if (outside_window(ledger, id, card)) {
      ++permitted;
    } else {
      verdict.add_example(ledger, id);
    }
  }
  const std::uint64_t moved = ledger.counts().moved_acks;
  verdict.counts = {{"retried", retried},
                    {"duplicate_acks", duplicate_acks},
                    {"stored_twice", stored_twice},
                    {"permitted", permitted},
                    {"moved_acks", moved}};
  if (stored_twice > permitted) {
    verdict.fail(fmt::format("{} inputs are stored more than once, though their message id was known",
                             stored_twice - permitted));
  }
  if (moved > 0) verdict.fail(fmt::format("{} acks name another sequence than the input's first ack", moved));
  if (ledger.size() > 0 && !ledger.run().scanned(ledger.size() - 1)) {
    verdict.inconclusive("there was no complete scan of the input streams");
  }
  return verdict;
}

}  // namespace squall::check
