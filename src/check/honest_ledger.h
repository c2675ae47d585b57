// For tests: records of a system that keeps its promises, drawn from a seed, and the means to lie about them.
#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "base/seed.h"
#include "ledger/ledger.h"

namespace squall::check::testing {

using ledger::Acknowledged;
using ledger::Attempt;
using ledger::Effect;
using ledger::Failed;
using ledger::OpId;
using ledger::Outcome;
using ledger::Record;
using ledger::Unknown;
using Records = std::vector<Record>;

inline constexpr ledger::Stage kAssignment = 0;
inline constexpr ledger::Stage kUsage = 1;

inline base::Instant at_us(std::int64_t us) { return base::Instant{std::chrono::microseconds{us}}; }
inline base::Instant at_ms(std::int64_t ms) { return base::Instant{std::chrono::milliseconds{ms}}; }
inline std::string key_of(OpId id) { return "p-" + std::to_string(id); }

inline ledger::Ledger fold(const Records& records) {
  ledger::Ledger ledger({{"assignment", "usage"}, "p-", {}});
  for (const Record& record : records) ledger.add(record);
  return ledger;
}

// `count` inputs. Most are acknowledged and have both effects; some fail, some end unknown (with effects, or
// without), some effects are read twice, some come before the acknowledgement.
inline Records honest_records(base::Seed seed, OpId count) {
  Records records;
  std::uint64_t seq = 0;
  std::uint64_t effect_seq = 0;
  for (OpId id = 0; id < count; ++id) {
    const base::Seed dice = seed.derive(id);
    const auto start = static_cast<std::int64_t>(id * 2'000);
    records.push_back(Attempt{id, key_of(id), at_us(start)});
    const std::uint64_t fate = dice.derive("fate").below(20);
    const bool accepted = fate != 0 && fate != 1;
    const auto done = start + 300 + static_cast<std::int64_t>(dice.derive("latency").below(9'000));
    if (fate == 0) records.push_back(Outcome{id, Failed{"no responders"}, at_us(start + 100)});
    if (fate == 1 || fate == 2) records.push_back(Outcome{id, Unknown{"time-out"}, at_us(start + 5'000)});
    const Outcome ok{id, Acknowledged{++seq}, at_us(start + 150)};
    const bool late_ack = fate == 3;
    if (accepted && fate != 2 && !late_ack) records.push_back(ok);
    if (accepted) {
      ++effect_seq;
      records.push_back(Effect{kAssignment, key_of(id), effect_seq, at_us(done - 100)});
      records.push_back(Effect{kUsage, key_of(id), effect_seq, at_us(done)});
      if (fate == 4) records.push_back(records.back());  // read twice
    }
    if (late_ack) records.push_back(ok);
  }
  return records;
}

inline void erase_effects(Records& records, const std::function<bool(const Effect&)>& which) {
  std::erase_if(records, [&](const Record& record) {
    const auto* effect = std::get_if<Effect>(&record);
    return effect != nullptr && which(*effect);
  });
}

// The ids whose outcome satisfies `which`, ascending.
template <typename How>
std::vector<OpId> ids_that_ended(const Records& records) {
  std::vector<OpId> ids;
  for (const Record& record : records) {
    const auto* outcome = std::get_if<Outcome>(&record);
    if (outcome != nullptr && std::holds_alternative<How>(outcome->how)) ids.push_back(outcome->id);
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

}  // namespace squall::check::testing
