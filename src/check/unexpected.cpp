#include "check/unexpected.h"

#include <fmt/format.h>

namespace squall::check {
namespace {

std::string describe_stranger(const ledger::Effect& effect, const ledger::Layout& layout) {
  return fmt::format("{} · never attempted · {} #{} stored {}", effect.key, layout.stages[effect.stage],
                     effect.stream_seq, base::format_utc(layout.anchor.to_wall(effect.at)));
}

}  // namespace

Verdict check_unexpected(const ledger::Ledger& ledger) {
  Verdict verdict = begin_verdict("unexpected", ledger);
  const std::vector<std::string>& stages = ledger.layout().stages;
  std::vector<std::uint64_t> in_stage(stages.size());
  const std::vector<ledger::Effect> strangers = ledger.unexpected();
  for (const ledger::Effect& effect : strangers) {
    ++in_stage[effect.stage];
    if (verdict.examples.size() < kMaxExamples) {
      verdict.examples.push_back({effect.key, describe_stranger(effect, ledger.layout())});
    }
  }
  std::uint64_t refused_but_done = 0;
  for (ledger::OpId id = 0; id < ledger.size(); ++id) {
    const ledger::Card card = ledger.cards().get(id);
    if (card.state() != ledger::State::failed || !ledger.cards().has_effect(card)) continue;
    ++refused_but_done;
    verdict.add_example(ledger, id);
  }

  verdict.counts = {{"unexpected", ledger.unexpected_count()}};
  for (std::size_t stage = 0; stage < stages.size(); ++stage) {
    verdict.counts.push_back({"unexpected." + stages[stage], in_stage[stage]});
  }
  verdict.counts.push_back({"refused_but_done", refused_but_done});
  if (!strangers.empty()) {
    verdict.fail(fmt::format("{} stored effects belong to no input that was ever attempted",
                             ledger.unexpected_count()));
  }
  if (refused_but_done > 0) {
    verdict.fail(fmt::format("{} inputs were refused, and yet have effects", refused_but_done));
  }
  return verdict;
}

}  // namespace squall::check
