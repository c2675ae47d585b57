#include "check/lost.h"

#include <fmt/format.h>

#include <array>

#include "check/loss_cause.h"

namespace squall::check {
namespace {

// Between which inputs with all their effects an input can lie.
struct Finished {
  std::optional<ledger::OpId> first;
  ledger::OpId last = 0;
};

Finished find_finished(const ledger::Ledger& ledger) {
  Finished finished;
  const ledger::CardTable& cards = ledger.cards();
  for (ledger::OpId id = 0; id < ledger.size(); ++id) {
    const ledger::Card card = cards.get(id);
    if (card.state() != ledger::State::ok || !cards.complete(card)) continue;
    if (!finished.first) finished.first = id;
    finished.last = id;
  }
  return finished;
}

enum Part { prefix, middle, tail, kParts };
constexpr const char* kPartNames[] = {"prefix", "middle", "tail"};

Part part_of(ledger::OpId id, const Finished& finished) {
  if (!finished.first || id < *finished.first) return prefix;
  return id > finished.last ? tail : middle;
}

struct Tally {
  std::uint64_t lost = 0;
  std::vector<std::uint64_t> in_stage;
  std::array<std::array<std::uint64_t, kParts>, kLossCauses> parts{};  // by cause

  std::uint64_t in_part(Part part) const {
    std::uint64_t sum = 0;
    for (const auto& of_cause : parts) sum += of_cause[part];
    return sum;
  }
  std::uint64_t of_cause(std::size_t cause) const {
    return parts[cause][prefix] + parts[cause][middle] + parts[cause][tail];
  }
};

std::string join(const std::string& text, const std::string& more) {
  return text.empty() ? more : text + ", " + more;
}

std::string explain(const Tally& tally, const ledger::Ledger& ledger) {
  std::string by_stage;
  for (std::size_t stage = 0; stage < tally.in_stage.size(); ++stage) {
    if (tally.in_stage[stage] == 0) continue;
    by_stage =
        join(by_stage, fmt::format("{} without {}", tally.in_stage[stage], ledger.layout().stages[stage]));
  }
  static constexpr std::array kWords{"lost in NATS", "lost by the service", "stranded by max_deliver",
                                     "still pending", ""};
  std::string by_cause;
  for (std::size_t cause = 0; cause + 1 < kLossCauses; ++cause) {
    if (tally.of_cause(cause) > 0) {
      by_cause = join(by_cause, fmt::format("{} {}", tally.of_cause(cause), kWords[cause]));
    }
  }
  return fmt::format("{} of {} acknowledged inputs have not all their effects: {}{}{}", tally.lost,
                     ledger.counts().ok, by_stage, by_cause.empty() ? "" : "; ", by_cause);
}

}  // namespace

Verdict check_lost(const ledger::Ledger& ledger, Promise promise) {
  Verdict verdict = begin_verdict("lost", ledger);
  const ledger::CardTable& cards = ledger.cards();
  const std::vector<std::string>& stages = ledger.layout().stages;
  const Finished finished = find_finished(ledger);
  Tally tally{.in_stage = std::vector<std::uint64_t>(stages.size())};
  const LossCauses causes(ledger);
  for (ledger::OpId id = 0; id < ledger.size(); ++id) {
    const ledger::Card card = cards.get(id);
    if (!is_lost(cards, card)) continue;
    ++tally.lost;
    for (std::size_t stage = 0; stage < stages.size(); ++stage) {
      const auto which = static_cast<ledger::Stage>(stage);
      if (cards.effects(card, which) < ledger.layout().fan_out_of(which)) ++tally.in_stage[stage];
    }
    ++tally.parts[static_cast<std::size_t>(causes.of(id))][part_of(id, finished)];
    verdict.add_example(ledger, id);
  }

  verdict.counts = {{"acknowledged", ledger.counts().ok}, {"lost", tally.lost}};
  for (std::size_t stage = 0; stage < stages.size(); ++stage) {
    verdict.counts.push_back({"lost." + stages[stage], tally.in_stage[stage]});
  }
  for (const Part part : {prefix, middle, tail})
    verdict.counts.push_back({kPartNames[part], tally.in_part(part)});
  for (std::size_t cause = 0; cause < kLossCauses; ++cause) {
    const std::string name(to_string(static_cast<LossCause>(cause)));
    verdict.counts.push_back({name, tally.of_cause(cause)});
    for (const Part part : {prefix, middle, tail}) {
      verdict.counts.push_back({name + "." + kPartNames[part], tally.parts[cause][part]});
    }
  }
  if (tally.lost > 0 && !allows_losses(promise)) verdict.fail(explain(tally, ledger));
  return verdict;
}

}  // namespace squall::check
