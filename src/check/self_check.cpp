#include "check/self_check.h"

#include <fmt/format.h>

#include <algorithm>

#include "check/duplicates.h"
#include "check/lost.h"

namespace squall::check {
namespace {

// The first and the last input that are acknowledged and have each effect exactly once.
struct Chosen {
  std::optional<ledger::OpId> hidden;
  std::optional<ledger::OpId> doubled;
};

Chosen choose(const ledger::Ledger& ledger) {
  Chosen chosen;
  for (ledger::OpId id = 0; id < ledger.size(); ++id) {
    const ledger::Operation operation = ledger.operation(id);
    const bool whole = std::all_of(operation.effects.begin(), operation.effects.end(),
                                   [](const ledger::StageEffects& stage) { return stage.count == 1; });
    if (!operation.acknowledged() || !whole) continue;
    (chosen.hidden ? chosen.doubled : chosen.hidden) = id;
  }
  return chosen;
}

// A copy in which one input has no final effect and another has its final effect twice.
ledger::Ledger lie(const ledger::Ledger& ledger, ledger::OpId hidden, ledger::OpId doubled) {
  const ledger::Stage last = ledger.layout().final_stage();
  const std::string hidden_key = ledger.key(hidden);
  const std::string doubled_key = ledger.key(doubled);
  ledger::Ledger lying(ledger.layout());
  ledger.replay([&](const ledger::Record& record) {
    const auto* effect = std::get_if<ledger::Effect>(&record);
    const bool is_final = effect != nullptr && effect->stage == last;
    if (is_final && effect->key == hidden_key) return;
    lying.add(record);
    if (is_final && effect->key == doubled_key) {
      lying.add(ledger::Effect{last, doubled_key, ~effect->stream_seq, effect->at});
    }
  });
  return lying;
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
  const std::uint64_t lost = check_lost(lying).count("lost") - check_lost(ledger).count("lost");
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
