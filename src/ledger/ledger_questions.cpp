// What a ledger answers about its inputs; ledger.cpp folds.
#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "base/invariant.h"
#include "ledger/ledger.h"

namespace squall::ledger {
namespace {

bool by_time(const Effect& a, const Effect& b) {
  return std::tie(a.at, a.stage, a.stream_seq, a.key) < std::tie(b.at, b.stage, b.stream_seq, b.key);
}

}  // namespace

bool Operation::has_effect() const {
  return std::any_of(effects.begin(), effects.end(),
                     [](const StageEffects& stage) { return stage.count > 0; });
}

base::Instant Operation::accepted_at() const {
  base::Instant earliest = acknowledged() ? ended_at : base::Instant::max();
  for (const StageEffects& stage : effects) {
    if (stage.count > 0) earliest = std::min(earliest, stage.first_at);
  }
  return earliest;
}

Operation Ledger::operation(OpId id) const {
  SQUALL_CHECK(id < size());
  const Card card = cards_.get(id);
  Operation operation{.id = id,
                      .state = card.state(),
                      .filtered = card.has(Card::filtered),
                      .done = cards_.finished(card),
                      .attempts = card.has(Card::retried) ? 2U : 1U,
                      .deliveries = card.delivered()};
  const auto known = facts_.find(id);
  for (std::size_t stage = 0; stage < layout_.stages.size(); ++stage) {
    operation.effects.push_back(
        known ? known.effects[stage]
              : StageEffects{.count = cards_.effects(card, static_cast<Stage>(stage)), .first_seq = 0});
  }
  if (!known) return operation;
  operation.times_known = true;
  operation.attempted_at = known.facts->attempted_at;
  operation.ended_at = known.facts->ended_at;
  operation.stream_seq = known.facts->stream_seq;
  operation.attempts = known.facts->attempts;
  operation.deliveries = known.facts->deliveries;
  return operation;
}

std::string Ledger::text_of(const Key& key) const {
  return key.number ? fmt::format("{}{}", layout_.key_prefix, *key.number) : std::string(key.text);
}

std::optional<OpId> Ledger::find(std::string_view key) const {
  const auto number = layout_.number_of(key);
  return find(Key{number, number ? std::string_view{} : key});
}

std::optional<OpId> Ledger::find(const Key& key) const {
  if (!ids_of_foreign_keys_.empty()) {
    const auto found = ids_of_foreign_keys_.find(text_of(key));
    if (found != ids_of_foreign_keys_.end()) return found->second;
  }
  if (!key.number || *key.number >= size()) return std::nullopt;
  if (!foreign_keys_.empty() && foreign_keys_.contains(*key.number)) return std::nullopt;
  return key.number;
}

std::string Ledger::key(OpId id) const {
  const auto foreign = foreign_keys_.find(id);
  return foreign != foreign_keys_.end() ? foreign->second : fmt::format("{}{}", layout_.key_prefix, id);
}

History Ledger::history(OpId id) const {
  History history{.id = id,
                  .key = key(id),
                  .operation = operation(id),
                  .stored = cards_.get(id).stored(),
                  .scanned = run_.scanned(id)};
  const auto known = facts_.find(id);
  if (!known) return history;
  if (history.operation.state == State::failed || history.operation.state == State::unknown)
    history.reason = reasons_[known.facts->reason];
  const auto repeats = repeats_.find(id);
  // One that is declared to have no effect has all of them there.
  const bool all_are_repeats = history.operation.filtered && repeats != repeats_.end();
  for (std::size_t stage = 0; stage < layout_.stages.size(); ++stage) {
    const StageEffects& effects = history.operation.effects[stage];
    if (effects.count == 0 || all_are_repeats) continue;
    history.effects.push_back({static_cast<Stage>(stage), history.key, effects.first_seq, effects.first_at});
  }
  if (repeats != repeats_.end()) {
    for (const Repeat& repeat : repeats->second) {
      history.effects.push_back({repeat.stage, history.key, repeat.stream_seq, repeat.at});
    }
  }
  std::sort(history.effects.begin(), history.effects.end(), by_time);
  return history;
}

std::vector<OpId> Ledger::attempted_since(base::Instant from) const {
  std::vector<OpId> ids = facts_.stragglers();
  std::erase_if(ids, [&](OpId id) { return facts_.find(id).facts->attempted_at < from; });
  std::sort(ids.begin(), ids.end());
  for (OpId id = facts_.first_recent(); id < size(); ++id) {
    if (facts_.find(id).facts->attempted_at >= from) ids.push_back(id);
  }
  return ids;
}

std::optional<std::string> Ledger::times_missing(base::Instant from) const {
  if (facts_.first_recent() == 0) return std::nullopt;
  const base::Instant since = facts_.find(facts_.first_recent()).facts->attempted_at;
  if (since > from) {
    return fmt::format("only the times of inputs from {} on are still known",
                       base::format_utc(layout_.anchor.to_wall(since)));
  }
  if (facts_.forgotten() == 0) return std::nullopt;
  return fmt::format("the times of {} unfinished inputs are no longer known", facts_.forgotten());
}

std::vector<Effect> Ledger::unexpected() const {
  std::vector<Effect> all;
  for (const auto& [key, effects] : unexpected_) all.insert(all.end(), effects.begin(), effects.end());
  std::sort(all.begin(), all.end(), by_time);
  return all;
}

}  // namespace squall::ledger
