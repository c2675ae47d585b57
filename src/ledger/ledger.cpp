#include "ledger/ledger.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "base/invariant.h"

namespace squall::ledger {
namespace {

bool by_time(const Effect& a, const Effect& b) {
  return std::tie(a.at, a.stage, a.stream_seq, a.key) < std::tie(b.at, b.stage, b.stream_seq, b.key);
}

}  // namespace

std::string_view to_string(State state) {
  switch (state) {
    case State::open:
      return "open";
    case State::ok:
      return "ok";
    case State::failed:
      return "failed";
    case State::unknown:
      return "unknown";
  }
  return "?";
}

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

Ledger::Ledger(Layout layout) : layout_(std::move(layout)) {
  SQUALL_CHECK(!layout_.stages.empty() && layout_.stages.size() <= kMaxStages);
  counts_.effects.resize(layout_.stages.size());
}

void Ledger::add(const Record& record) {
  std::visit([this](const auto& specific) { add(specific); }, record);
}

void Ledger::add(const Attempt& attempt) {
  if (attempt.id < operations_.size()) return retry_operation(attempt);
  if (attempt.id > operations_.size()) {
    return contradiction(fmt::format("input {} ({}) is attempted, but {} would be next", attempt.id,
                                     attempt.key, operations_.size()));
  }
  if (const auto other = find(attempt.key)) {
    return contradiction(
        fmt::format("the key {} stands for input {} and for input {}", attempt.key, *other, attempt.id));
  }
  begin_operation(attempt);
}

void Ledger::begin_operation(const Attempt& attempt) {
  operations_.push_back({.attempted_at = attempt.at, .attempts = 1});
  effects_.resize(effects_.size() + layout_.stages.size());
  if (layout_.number_of(attempt.key) != attempt.id) {
    ids_of_foreign_keys_.emplace(attempt.key, attempt.id);
    foreign_keys_.emplace(attempt.id, attempt.key);
  }
  ++counts_.attempted;
  ++counts_.open;
  ++unfinished_;
  if (!unexpected_.empty()) adopt_unexpected(attempt.id, attempt.key);
}

void Ledger::retry_operation(const Attempt& attempt) {
  if (key(attempt.id) != attempt.key) {
    return contradiction(
        fmt::format("input {} is called {} and {}", attempt.id, key(attempt.id), attempt.key));
  }
  Folded& operation = operations_[attempt.id];
  ++operation.attempts;
  if (operation.state == State::failed || operation.state == State::unknown)
    set_state(attempt.id, State::open);
}

void Ledger::add(const Circumstance& circumstance) {
  const auto* source = std::get_if<Source>(&circumstance);
  has_requests_ |= source != nullptr && source->kind == OperationKind::request;
}

void Ledger::add(const Outcome& outcome) {
  if (outcome.id >= operations_.size()) {
    return contradiction(fmt::format("input {} has an outcome, but was never attempted", outcome.id));
  }
  Folded& operation = operations_[outcome.id];
  if (operation.state == State::ok) return;  // what was acknowledged stays so, whatever its retries say
  if (const auto* ok = std::get_if<Acknowledged>(&outcome.how)) {
    if (ok->stream_seq == 0 && !has_requests_) {
      return contradiction(fmt::format("input {} is acknowledged without a stream sequence", outcome.id));
    }
    operation.stream_seq = ok->stream_seq;
    operation.duplicate = ok->duplicate;
    set_state(outcome.id, State::ok);
  } else if (const auto* unknown = std::get_if<Unknown>(&outcome.how)) {
    operation.maybe_accepted = true;
    operation.reason = intern_reason(unknown->reason);
    set_state(outcome.id, State::unknown);
  } else {
    operation.reason = intern_reason(std::get<Failed>(outcome.how).reason);
    set_state(outcome.id, operation.maybe_accepted ? State::unknown : State::failed);
  }
  operation.ended_at = outcome.at;
}

void Ledger::add(const Delivery& delivery) {
  ++counts_.deliveries;
  if (const auto id = find(delivery.key)) ++operations_[*id].deliveries;
}

void Ledger::add(const Effect& effect) {
  if (effect.stage >= layout_.stages.size()) {
    return contradiction(
        fmt::format("an effect of {} has stage {}, which does not exist", effect.key, effect.stage));
  }
  if (const auto id = find(effect.key)) {
    add_effect_of(*id, effect);
  } else {
    add_unexpected(effect);
  }
}

void Ledger::add_effect_of(OpId id, const Effect& effect) {
  StageEffects& stage = stage_of(id, effect.stage);
  const bool was_unfinished = counts_as_unfinished(id);
  if (stage.count == 0) {
    stage = {.count = 1, .first_seq = effect.stream_seq, .first_at = effect.at};
  } else {
    std::vector<Effect>& repeats = repeats_[id];
    const bool seen = std::any_of(repeats.begin(), repeats.end(), [&](const Effect& other) {
      return other.stage == effect.stage && other.stream_seq == effect.stream_seq;
    });
    if (effect.stream_seq != 0 && (seen || stage.first_seq == effect.stream_seq)) return;  // read twice
    if (effect.at < stage.first_at) {
      // Effects of one stream come in its order; those of a reader that started again may not.
      repeats.push_back({effect.stage, effect.key, stage.first_seq, stage.first_at});
      stage.first_seq = effect.stream_seq;
      stage.first_at = effect.at;
    } else {
      repeats.push_back(effect);
    }
    ++stage.count;
  }
  ++counts_.effects[effect.stage];
  if (was_unfinished && !counts_as_unfinished(id)) --unfinished_;
}

void Ledger::add_unexpected(const Effect& effect) {
  if (effect.stream_seq != 0 && !unexpected_seen_.emplace(effect.stage, effect.stream_seq).second) return;
  unexpected_[effect.key].push_back(effect);
  ++counts_.effects[effect.stage];
}

// An effect can be seen before the attempt's record arrives.
void Ledger::adopt_unexpected(OpId id, const std::string& key) {
  const auto found = unexpected_.find(key);
  if (found == unexpected_.end()) return;
  const std::vector<Effect> effects = std::move(found->second);
  unexpected_.erase(found);
  for (const Effect& effect : effects) {
    unexpected_seen_.erase({effect.stage, effect.stream_seq});
    --counts_.effects[effect.stage];
    add_effect_of(id, effect);
  }
}

std::vector<Effect> Ledger::unexpected() const {
  std::vector<Effect> all;
  for (const auto& [key, effects] : unexpected_) all.insert(all.end(), effects.begin(), effects.end());
  std::sort(all.begin(), all.end(), by_time);
  return all;
}

bool Ledger::counts_as_unfinished(OpId id) const {
  const State state = operations_[id].state;
  return (state == State::open || state == State::ok) && !operation(id).finished();
}

std::uint64_t& Ledger::count_of(State state) {
  switch (state) {
    case State::open:
      return counts_.open;
    case State::ok:
      return counts_.ok;
    case State::failed:
      return counts_.failed;
    case State::unknown:
      break;
  }
  return counts_.unknown;
}

void Ledger::set_state(OpId id, State state) {
  const bool before = counts_as_unfinished(id);
  --count_of(operations_[id].state);
  operations_[id].state = state;
  ++count_of(state);
  const bool after = counts_as_unfinished(id);
  if (before && !after) --unfinished_;
  if (!before && after) ++unfinished_;
}

Operation Ledger::operation(OpId id) const {
  SQUALL_CHECK(id < operations_.size());
  const Folded& folded = operations_[id];
  const std::size_t stages = layout_.stages.size();
  return {.id = id,
          .state = folded.state,
          .attempted_at = folded.attempted_at,
          .ended_at = folded.ended_at,
          .stream_seq = folded.stream_seq,
          .attempts = folded.attempts,
          .deliveries = folded.deliveries,
          .effects = {effects_.data() + id * stages, stages}};
}

std::optional<OpId> Ledger::find(std::string_view key) const {
  if (!ids_of_foreign_keys_.empty()) {
    const auto found = ids_of_foreign_keys_.find(std::string(key));
    if (found != ids_of_foreign_keys_.end()) return found->second;
  }
  const auto number = layout_.number_of(key);
  if (!number || *number >= operations_.size() || foreign_keys_.contains(*number)) return std::nullopt;
  return number;
}

std::string Ledger::key(OpId id) const {
  const auto foreign = foreign_keys_.find(id);
  return foreign != foreign_keys_.end() ? foreign->second : fmt::format("{}{}", layout_.key_prefix, id);
}

History Ledger::history(OpId id) const {
  History history{.id = id, .key = key(id), .operation = operation(id)};
  const Folded& folded = operations_[id];
  if (folded.state == State::failed || folded.state == State::unknown)
    history.reason = reasons_[folded.reason];
  for (std::size_t stage = 0; stage < layout_.stages.size(); ++stage) {
    const StageEffects& effects = history.operation.effects[stage];
    if (effects.count == 0) continue;
    history.effects.push_back({static_cast<Stage>(stage), history.key, effects.first_seq, effects.first_at});
  }
  if (const auto repeats = repeats_.find(id); repeats != repeats_.end()) {
    history.effects.insert(history.effects.end(), repeats->second.begin(), repeats->second.end());
  }
  std::sort(history.effects.begin(), history.effects.end(), by_time);
  return history;
}

void Ledger::contradiction(std::string what) {
  if (!inconsistency_) inconsistency_ = std::move(what);
}

std::uint32_t Ledger::intern_reason(const std::string& reason) {
  const auto [entry, is_new] = reason_index_.emplace(reason, static_cast<std::uint32_t>(reasons_.size()));
  if (is_new) reasons_.push_back(reason);
  return entry->second;
}

void Ledger::replay(const std::function<void(const Record&)>& visit) const {
  for (OpId id = 0; id < operations_.size(); ++id) {
    const History known = history(id);
    const Operation& operation = known.operation;
    visit(Attempt{id, known.key, operation.attempted_at});
    switch (operation.state) {
      case State::open:
        break;
      case State::ok:
        visit(Outcome{id, Acknowledged{operation.stream_seq, operations_[id].duplicate}, operation.ended_at});
        break;
      case State::failed:
        visit(Outcome{id, Failed{known.reason}, operation.ended_at});
        break;
      case State::unknown:
        visit(Outcome{id, Unknown{known.reason}, operation.ended_at});
        break;
    }
    for (const Effect& effect : known.effects) visit(effect);
  }
  for (const Effect& effect : unexpected()) visit(effect);
}

}  // namespace squall::ledger
