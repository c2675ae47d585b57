#include "ledger/ledger.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/invariant.h"

namespace squall::ledger {
namespace {

constexpr std::size_t kMaxRepeats = 1 << 16;
constexpr std::size_t kMaxAfterConfirm = 1 << 16;
constexpr std::uint32_t kMaxReasons = 1 << 12;

}  // namespace

Ledger::Ledger(Layout layout, LedgerOptions options)
    : layout_(std::move(layout)),
      cards_((SQUALL_CHECK(layout_.valid()), layout_)),
      facts_(layout_.stages.size(), options.keep_times),
      seen_(layout_.stages.size()),
      latencies_(layout_.anchor.mono) {
  counts_.effects.resize(layout_.stages.size());
}

void Ledger::add(const Entry& entry) {
  switch (entry.kind) {
    case EntryKind::attempt:
      return add_attempt(entry);
    case EntryKind::ok:
    case EntryKind::failed:
    case EntryKind::unknown:
      return add_outcome(entry);
    case EntryKind::delivery:
      return add_delivery(entry);
    case EntryKind::effect:
      return add_effect(entry);
    case EntryKind::confirmed:
      return add_confirmed(entry);
    case EntryKind::stored:
      return add_stored(entry);
    case EntryKind::circumstance:
      if (auto problem = run_.add(*entry.circumstance, size())) contradiction(std::move(*problem));
  }
}

void Ledger::add_attempt(const Entry& entry) {
  clocks_.ours(entry.at);
  if (entry.id < size()) return retry_operation(entry);
  if (entry.id > size()) {
    return contradiction(fmt::format("input {} ({}) is attempted, but {} would be next", entry.id,
                                     text_of(entry.key), size()));
  }
  if (const auto other = find(entry.key)) {
    return contradiction(
        fmt::format("the key {} stands for input {} and for input {}", text_of(entry.key), *other, entry.id));
  }
  begin_operation(entry);
}

void Ledger::begin_operation(const Entry& entry) {
  Card card;
  if (entry.filtered) card.set(Card::filtered);
  if (entry.checksum) card.set_checksum(*entry.checksum);
  cards_.append(card);
  facts_.append({.attempted_at = entry.at,
                 .last_attempt_at = entry.at,
                 .intended_at = entry.intended_at.value_or(entry.at),
                 .source = entry.source,
                 .order_key = entry.order_key,
                 .checksum = entry.checksum});
  if (facts_.too_many()) facts_.let_go([this](OpId id) { return settled(id); });
  if (entry.key.number != entry.id) {
    const std::string key = text_of(entry.key);
    ids_of_foreign_keys_.emplace(key, entry.id);
    foreign_keys_.emplace(entry.id, key);
  }
  ++counts_.attempted;
  ++counts_.open;
  ++unfinished_;
  if (!unexpected_.empty()) adopt_unexpected(entry.id, text_of(entry.key));
}

void Ledger::add(const SentRun& run) {
  // What needs a look at each: keys that may stand for another input, effects that came before their attempt.
  if (run.first != size() || !ids_of_foreign_keys_.empty() || !unexpected_.empty()) {
    for (std::uint32_t index = 0; index < run.inputs; ++index) {
      add(run.attempt(index));
      add(run.outcome(index));
    }
    return;
  }
  clocks_.ours(run.at);
  Card card;
  if (run.filtered) card.set(Card::filtered);
  card.set(Card::maybe_accepted);
  card.set(State::unknown);
  cards_.append(card, run.inputs);
  facts_.append({.attempted_at = run.at,
                 .last_attempt_at = run.at,
                 .intended_at = run.at,
                 .ended_at = run.at,
                 .source = run.source,
                 .order_key = run.order_key,
                 .reason = intern_reason(run.reason)},
                run.inputs);
  if (facts_.too_many()) facts_.let_go([this](OpId id) { return settled(id); });
  outages_.add({.kind = run_.source(run.source).kind,
                .unknown = true,
                .attempted_at = run.at,
                .ended_at = run.at,
                .operations = run.inputs});
  counts_.attempted += run.inputs;
  counts_.unknown += run.inputs;
}

void Ledger::retry_operation(const Entry& entry) {
  if (find(entry.key) != entry.id) {
    return contradiction(
        fmt::format("input {} is called {} and {}", entry.id, key(entry.id), text_of(entry.key)));
  }
  if (const auto known = facts_.find(entry.id)) {
    ++known.facts->attempts;
    known.facts->last_attempt_at = entry.at;
  }
  Card card = cards_.get(entry.id);
  card.set(Card::retried);
  if (card.state() == State::failed || card.state() == State::unknown) card.set(State::open);
  put(entry.id, card);
}

void Ledger::add_outcome(const Entry& entry) {
  clocks_.ours(entry.at);
  if (entry.id >= size()) {
    return contradiction(fmt::format("input {} has an outcome, but was never attempted", entry.id));
  }
  const auto known = facts_.find(entry.id);
  if (known) {
    outages_.add({.kind = run_.source(known.facts->source).kind,
                  .ok = entry.kind == EntryKind::ok,
                  .unknown = entry.kind == EntryKind::unknown,
                  .attempted_at = known.facts->last_attempt_at,
                  .ended_at = entry.at});
  }
  Card card = cards_.get(entry.id);
  if (entry.kind == EntryKind::ok && entry.duplicate) card.set(Card::duplicate_ack);
  if (card.state() == State::ok) {
    // What was acknowledged stays so, whatever its retries say.
    if (entry.kind == EntryKind::ok && known && known.facts->stream_seq != entry.stream_seq) {
      ++counts_.moved_acks;
    }
    return put(entry.id, card);
  }
  std::uint32_t reason = 0;
  if (entry.kind == EntryKind::ok) {
    // A reply acknowledges a request without storing anything.
    if (entry.stream_seq == 0 && !run_.has_requests()) {
      return contradiction(fmt::format("input {} is acknowledged without a stream sequence", entry.id));
    }
    card.set(State::ok);
  } else {
    reason = intern_reason(entry.reason);
    if (entry.kind == EntryKind::unknown) card.set(Card::maybe_accepted);
    card.set(card.has(Card::maybe_accepted) ? State::unknown : State::failed);
  }
  if (known) {
    known.facts->stream_seq = entry.stream_seq;
    known.facts->reason = reason;
    known.facts->ended_at = entry.at;
  }
  put(entry.id, card);
}

void Ledger::add_delivery(const Entry& entry) {
  ++counts_.deliveries;
  const auto id = find(entry.key);
  if (!id) return;
  const auto known = facts_.find(*id);
  Card card = cards_.get(*id);
  if (card.delivered() > 0) ++counts_.redelivered;
  if (card.has(Card::confirmed) && after_confirm_.size() < kMaxAfterConfirm) {
    const auto confirmed_at = known ? std::optional(known.facts->confirmed_at) : std::nullopt;
    if (!confirmed_at || entry.at > *confirmed_at) after_confirm_.push_back({*id, confirmed_at, entry.at});
  }
  card.count_delivered();
  if (known) ++known.facts->deliveries;
  compare_checksum(card, known.facts, entry);
  put(*id, card);
}

void Ledger::add_confirmed(const Entry& entry) {
  const auto id = find(entry.key);
  if (!id) {
    return contradiction(
        fmt::format("an ack of {} is confirmed, but it was never attempted", text_of(entry.key)));
  }
  Card card = cards_.get(*id);
  const auto known = facts_.find(*id);
  if (known && !card.has(Card::confirmed)) known.facts->confirmed_at = entry.at;
  card.set(Card::confirmed);
  put(*id, card);
}

void Ledger::add_stored(const Entry& entry) {
  const auto scan = run_.scans.find(entry.stage);
  if (scan == run_.scans.end()) {
    return contradiction(fmt::format("{} is found by a scan that never began", text_of(entry.key)));
  }
  if (!found_[entry.stage].insert(entry.stream_seq)) return;  // found twice in the same place
  const auto id = find(entry.key);
  if (!id) {
    ++counts_.stored_strangers;
    return;
  }
  Card card = cards_.get(*id);
  card.count_stored();
  const auto known = facts_.find(*id);
  if (known && known.facts->stored_seq == 0) {
    known.facts->stored_seq = entry.stream_seq;
    known.facts->stored_in = entry.stage;
  }
  compare_checksum(card, known.facts, entry);
  put(*id, card);
}

void Ledger::compare_checksum(Card& card, const Facts* facts, const Entry& entry) {
  if (!entry.checksum || !card.checksum()) return;
  ++counts_.compared;
  const bool same = facts != nullptr && facts->checksum ? *entry.checksum == *facts->checksum
                                                        : Card::folded(*entry.checksum) == *card.checksum();
  if (!same) card.set(Card::corrupted);
}

void Ledger::add_effect(const Entry& entry) {
  if (entry.stage >= layout_.stages.size()) {
    return contradiction(
        fmt::format("an effect of {} has stage {}, which does not exist", text_of(entry.key), entry.stage));
  }
  const bool seen_before = entry.stream_seq != 0 && !seen_[entry.stage].insert(entry.stream_seq);
  if (const auto id = find(entry.key)) {
    add_effect_of(*id, entry, seen_before);
  } else {
    add_unexpected(entry, seen_before);
  }
}

void Ledger::add_effect_of(OpId id, const Entry& entry, bool seen_before) {
  Card card = cards_.get(id);
  const std::uint32_t before = cards_.effects(card, entry.stage);
  if (seen_before) {
    if (before > 0) return;  // the same effect, read twice
    return contradiction(fmt::format("{} #{} belongs to {} and to another input: was the stream made anew?",
                                     layout_.stages[entry.stage], entry.stream_seq, key(id)));
  }
  const auto known = facts_.find(id);
  cards_.set_effects(card, entry.stage, before + 1);
  ++counts_.effects[entry.stage];
  if (cards_.surplus(card, entry.stage)) {
    ++counts_.surplus;
    if (repeats_.size() < kMaxRepeats) {
      repeats_[id].push_back({entry.stage, entry.stream_seq, entry.at});
    }
  }
  compare_checksum(card, known.facts, entry);
  if (known) look_at_effect(id, entry, known, before);
  put(id, card);
}

// What only an input whose times are known can say. `before`: its effects of that stage so far.
void Ledger::look_at_effect(OpId id, const Entry& entry, const FactsTable::Entry& known,
                            std::uint32_t before) {
  const Facts& facts = *known.facts;
  const std::uint32_t declared = layout_.fan_out_of(entry.stage);
  const bool last_stage = entry.stage == layout_.final_stage();
  StageEffects& stage = known.effects[entry.stage];
  ++stage.count;
  if (before < declared) stage.complete_at = std::max(stage.complete_at, entry.at);
  if (before == 0) {
    stage.first_seq = entry.stream_seq;
    stage.first_at = entry.at;
    clocks_.theirs(entry.at, facts.attempted_at);
    // Where a retry stands in the order nobody can say.
    if (last_stage && facts.attempts == 1) {
      sequence_.add(id, run_.source(facts.source).producer, facts.order_key, entry.stream_seq, entry.at);
    }
  } else if (entry.at < stage.first_at) {
    // Effects of one stream come in its order; those of a reader that started again may not.
    if (auto repeat = repeats_.find(id); repeat != repeats_.end() && before >= declared) {
      repeat->second.back() = {entry.stage, stage.first_seq, stage.first_at};
    }
    if (declared == 1) stage.complete_at = entry.at;
    stage.first_seq = entry.stream_seq;
    stage.first_at = entry.at;
  }
  if (last_stage && before + 1 == declared && !cards_.get(id).has(Card::filtered)) {
    latencies_.add(facts.intended_at, stage.complete_at - facts.intended_at);
    slowest_.add(id, stage.complete_at - facts.intended_at);
  }
}

void Ledger::add_unexpected(const Entry& entry, bool seen_before) {
  if (seen_before) return;
  ++unexpected_count_;
  ++counts_.effects[entry.stage];
  if (unexpected_kept_ == kMaxUnexpected) {
    return contradiction(fmt::format("more than {} effects belong to no input", kMaxUnexpected));
  }
  ++unexpected_kept_;
  const std::string key = text_of(entry.key);
  unexpected_[key].push_back({entry.stage, key, entry.stream_seq, entry.at, entry.checksum});
}

// An effect can be seen before the attempt's record arrives.
void Ledger::adopt_unexpected(OpId id, const std::string& key) {
  const auto found = unexpected_.find(key);
  if (found == unexpected_.end()) return;
  const std::vector<Effect> effects = std::move(found->second);
  unexpected_.erase(found);
  for (const Effect& effect : effects) {
    --unexpected_count_;
    --unexpected_kept_;
    --counts_.effects[effect.stage];
    add_effect_of(id, to_entry(effect, layout_), false);
  }
}

bool Ledger::counts_as_unfinished(Card card) const {
  return (card.state() == State::open || card.state() == State::ok) && !cards_.finished(card);
}

// Nothing more is expected of it, and nothing about it will be asked.
bool Ledger::settled(OpId id) const {
  const Card card = cards_.get(id);
  if (card.state() == State::open || card.has(Card::corrupted) || repeats_.contains(id)) return false;
  if (card.state() == State::failed) return !cards_.has_effect(card);
  return cards_.complete(card);
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

void Ledger::put(OpId id, Card card) {
  const Card old = cards_.get(id);
  if (old.bits() == card.bits()) return;
  --count_of(old.state());
  ++count_of(card.state());
  const bool before = counts_as_unfinished(old);
  const bool after = counts_as_unfinished(card);
  if (before && !after) --unfinished_;
  if (!before && after) ++unfinished_;
  cards_.set(id, card);
}

void Ledger::contradiction(std::string what) {
  if (!inconsistency_) inconsistency_ = std::move(what);
}

std::uint32_t Ledger::intern_reason(std::string_view reason) {
  if (last_reason_ < reasons_.size() && reasons_[last_reason_] == reason) return last_reason_;
  if (const auto known = reason_index_.find(reason); known != reason_index_.end())
    return last_reason_ = known->second;
  if (reasons_.size() == kMaxReasons) return kMaxReasons - 1;
  reasons_.emplace_back(reasons_.size() + 1 < kMaxReasons ? std::string(reason) : "another reason");
  last_reason_ = static_cast<std::uint32_t>(reasons_.size() - 1);
  reason_index_.emplace(reasons_.back(), last_reason_);
  return last_reason_;
}

void Ledger::hide_effects(OpId id, Stage stage) {
  SQUALL_CHECK(id < size());
  Card card = cards_.get(id);
  counts_.effects[stage] -= cards_.effects(card, stage);
  cards_.set_effects(card, stage, 0);
  if (const auto known = facts_.find(id)) known.effects[stage] = {};
  put(id, card);
}

}  // namespace squall::ledger
