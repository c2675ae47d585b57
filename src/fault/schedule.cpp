#include "fault/schedule.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>
#include <tuple>

namespace squall::fault {
namespace {

base::Result<void> check(const std::vector<Draft>& drafts, int trials) {
  if (drafts.empty()) return base::fail("a schedule needs at least one fault");
  if (trials < 1) return base::fail("a schedule needs at least one trial, not {}", trials);
  std::set<std::string> names;
  for (const Draft& draft : drafts) {
    const std::string& name = draft.fault.name;
    if (!names.insert(name).second) return base::fail("two faults are named {}", name);
    bool negative = draft.fault.at < base::Nanos{0} || draft.jitter < base::Nanos{0};
    for (const base::Nanos time : draft.active_times) negative = negative || time < base::Nanos{0};
    if (negative) return base::fail("fault {}: its times must not be negative", name);
    if (!draft.active_times.empty() && !active_time(draft.fault.action)) {
      return base::fail("fault {}: somebody else restarts {}, so its down time cannot be chosen", name,
                        target_of(draft.fault.action));
    }
  }
  return {};
}

}  // namespace

void set_active_time(Action& action, base::Nanos time) {
  struct Set {
    base::Nanos time;
    void operator()(Kill& kill) const { kill.down_time = time; }
    void operator()(Freeze& freeze) const { freeze.duration = time; }
    void operator()(OnLink& on) const { on.duration = time; }
    void operator()(OnTarget& on) const { on.duration = time; }
  };
  std::visit(Set{time}, action);
}

base::Nanos pick_in_rounds(const std::vector<base::Nanos>& values, base::Seed seed, std::size_t index) {
  const std::size_t round = index / values.size();
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), 0);
  const base::Seed round_seed = seed.derive("round").derive(round);
  for (std::size_t last = order.size() - 1; last > 0; --last) {
    std::swap(order[last], order[round_seed.derive(last).below(last + 1)]);
  }
  return values[order[index % values.size()]];
}

base::Result<std::vector<PlannedTrial>> draw_schedule(base::Seed seed, const std::vector<Draft>& drafts,
                                                      int trials) {
  if (auto valid = check(drafts, trials); !valid) return std::unexpected(valid.error());
  std::vector<PlannedTrial> schedule;
  for (int number = 1; number <= trials; ++number) {
    const auto index = static_cast<std::size_t>(number - 1);
    PlannedTrial trial{.number = number, .faults = {}};
    for (const Draft& draft : drafts) {
      const base::Seed own = seed.derive(draft.fault.name);
      Fault fault = draft.fault;
      if (draft.jitter > base::Nanos{0}) {
        const auto bound = static_cast<std::uint64_t>(draft.jitter.count());
        fault.at += base::Nanos{static_cast<std::int64_t>(own.derive("jitter").derive(index).below(bound))};
      }
      if (!draft.active_times.empty()) {
        set_active_time(fault.action, pick_in_rounds(draft.active_times, own.derive("active"), index));
      }
      trial.faults.push_back(std::move(fault));
    }
    std::ranges::sort(trial.faults, {}, [](const Fault& fault) { return std::tie(fault.at, fault.name); });
    schedule.push_back(std::move(trial));
  }
  return schedule;
}

nlohmann::json to_json(const std::vector<PlannedTrial>& schedule) {
  nlohmann::json trials = nlohmann::json::array();
  for (const PlannedTrial& trial : schedule) {
    nlohmann::json faults = nlohmann::json::array();
    for (const Fault& fault : trial.faults) faults.push_back(to_json(fault));
    trials.push_back({{"trial", trial.number}, {"faults", std::move(faults)}});
  }
  return trials;
}

}  // namespace squall::fault
