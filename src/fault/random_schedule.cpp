#include "fault/random_schedule.h"

#include <algorithm>

namespace squall::fault {
namespace {

base::Result<void> check(const RandomDraft& draft) {
  if (draft.choices.empty()) return base::fail("random schedule {}: nothing to choose from", draft.name);
  for (const WeightedFault& choice : draft.choices) {
    if (choice.weight > 0) continue;
    return base::fail("random schedule {}: the weight of {} must be above 0", draft.name, choice.fault.name);
  }
  if (draft.spacing_least <= base::Nanos{0} || draft.spacing_most < draft.spacing_least) {
    return base::fail("random schedule {}: the spacing must be a range above 0", draft.name);
  }
  return {};
}

const WeightedFault& choose(const std::vector<WeightedFault>& choices, base::Seed seed) {
  double total = 0;
  for (const WeightedFault& choice : choices) total += choice.weight;
  double left = seed.unit() * total;
  for (const WeightedFault& choice : choices) {
    left -= choice.weight;
    if (left < 0) return choice;
  }
  return choices.back();  // rounding
}

base::Nanos uniform(base::Seed seed, base::Nanos low, base::Nanos high) {
  const auto span = static_cast<std::uint64_t>((high - low).count()) + 1;
  return low + base::Nanos{static_cast<std::int64_t>(seed.below(span))};
}

// What a heal needs until its target runs: who is killed again at the very instant of its restart is not
// there, and the fault would have no effect.
constexpr base::Nanos kComesBack = std::chrono::milliseconds(500);

struct Active {
  std::string target;
  base::Nanos until{};
};

}  // namespace

base::Result<std::vector<Fault>> draw_random(base::Seed seed, const RandomDraft& draft, int trial) {
  if (auto valid = check(draft); !valid) return std::unexpected(valid.error());
  const base::Seed own = seed.derive(draft.name).derive(static_cast<std::uint64_t>(trial));
  const base::Nanos end = draft.from + draft.lasts;
  std::vector<Fault> faults;
  std::vector<Active> active;
  base::Nanos at = draft.from;
  for (std::uint64_t number = 0; at <= end; ++number) {
    const base::Seed draw = own.derive(number);
    const WeightedFault& chosen = choose(draft.choices, draw.derive("which"));
    Fault fault = chosen.fault;
    fault.at = at;
    if (!chosen.active_times.empty()) {
      set_active_time(fault.action,
                      chosen.active_times[draw.derive("active").below(chosen.active_times.size())]);
    }
    const auto lasts = active_time(fault.action);
    const base::Nanos until = at + lasts.value_or(draft.unknown_active_time);
    std::erase_if(active, [&](const Active& other) { return other.until + kComesBack < at; });
    const bool held = std::ranges::any_of(
        active, [&](const Active& other) { return other.target == target_of(fault.action); });
    const auto at_once =
        std::ranges::count_if(active, [&](const Active& other) { return other.until >= at; });
    if (!held && at_once < draft.at_once && (!lasts || until <= end)) {
      active.push_back({target_of(fault.action), until});
      fault.name = fmt::format("{}-{}-{}", draft.name, faults.size() + 1, fault.name);
      faults.push_back(std::move(fault));
    }
    at += uniform(draw.derive("spacing"), draft.spacing_least, draft.spacing_most);
  }
  return faults;
}

}  // namespace squall::fault
