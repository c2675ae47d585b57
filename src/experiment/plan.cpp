#include "experiment/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>
#include <tuple>

#include "base/seed.h"
#include "fault/random_schedule.h"
#include "fault/schedule.h"

namespace squall::experiment {
namespace {

using fault::Step;

// The instant of a step in the fault phase; nothing when only the run will show it.
std::optional<base::Nanos> time_of(const Step& step) {
  const auto* time = std::get_if<fault::AtTime>(&step.trigger);
  return time == nullptr ? std::nullopt : std::optional(time->at);
}

// `count` of `of`, ascending; which ones the seed says.
std::vector<int> choose_replicas(base::Seed seed, int count, int of) {
  std::vector<int> all(static_cast<std::size_t>(of));
  std::iota(all.begin(), all.end(), 0);
  for (std::size_t last = all.size() - 1; last > 0; --last)
    std::swap(all[last], all[seed.derive(last).below(last + 1)]);
  all.resize(static_cast<std::size_t>(count));
  std::ranges::sort(all);
  return all;
}

class Planner {
 public:
  Planner(const Experiment& experiment, base::Seed seed) : experiment_(experiment), seed_(seed) {}

  fault::TrialSteps trial(int number) {
    fault::TrialSteps trial{.number = number, .steps = {}};
    for (const FaultSpec& spec : experiment_.faults) add(trial, spec);
    for (const RandomSchedule& random : experiment_.random) add(trial, random);
    // By time, where they have one; the others behind, as the file has them.
    std::ranges::stable_sort(trial.steps, {},
                             [](const Step& step) { return time_of(step).value_or(base::Nanos::max()); });
    check_targets(trial);
    check_blast_radius(trial);
    return trial;
  }

  Mistakes take_mistakes() {
    put_in_order(mistakes_);
    return std::move(mistakes_);
  }

 private:
  base::Seed of(const FaultSpec& spec) const { return seed_.derive(spec.name); }

  // Shared by the members of a group.
  base::Nanos random_time(const FaultSpec& spec, int trial) const {
    const base::Seed seed = seed_.derive(spec.group.empty() ? spec.name : spec.group).derive("time");
    const auto span = static_cast<std::uint64_t>(experiment_.trials.faults_within.count());
    return base::Nanos{static_cast<std::int64_t>(seed.derive(static_cast<std::uint64_t>(trial)).below(span))};
  }

  fault::Trigger trigger_of(const FaultSpec& spec, int trial, int repeat) const {
    struct Resolve {
      base::Nanos random;
      base::Nanos later;
      fault::Trigger operator()(const fault::AtTime& time) const { return fault::AtTime{time.at + later}; }
      fault::Trigger operator()(const AtRandom&) const { return fault::AtTime{random + later}; }
      fault::Trigger operator()(const fault::AtMoment& moment) const { return moment; }
      fault::Trigger operator()(const fault::AfterFault& after) const { return after; }
      fault::Trigger operator()(const fault::WhenProbe& probe) const { return probe; }
    };
    return std::visit(Resolve{random_time(spec, trial), spec.every * repeat}, spec.when);
  }

  void add(fault::TrialSteps& trial, const FaultSpec& spec) {
    for (int repeat = 0; repeat < spec.repeat; ++repeat) {
      Step step{.fault = {.name = spec.name, .action = spec.action, .at = {}},
                .trigger = trigger_of(spec, trial.number, repeat)};
      if (repeat > 0) step.fault.name = fmt::format("{}#{}", spec.name, repeat + 1);
      step.fault.at = time_of(step).value_or(base::Nanos{0});
      const auto use = static_cast<std::size_t>((trial.number - 1) * spec.repeat + repeat);
      if (!spec.active_times.empty()) {
        fault::set_active_time(step.fault.action,
                               fault::pick_in_rounds(spec.active_times, of(spec).derive("active"), use));
      }
      if (const Process* process = experiment_.find_process(fault::target_of(spec.action));
          process != nullptr && spec.strike.count > 0) {
        step.replicas =
            choose_replicas(of(spec).derive("replicas").derive(use), spec.strike.count, process->replicas);
      }
      // Nothing starts a step later than this: the trial could not recover from it in time.
      step.give_up_after = experiment_.trials.recover_within;
      places_.emplace(step.fault.name, spec.place);
      trial.steps.push_back(std::move(step));
    }
  }

  void add(fault::TrialSteps& trial, const RandomSchedule& random) {
    fault::RandomDraft draft{.name = random.name,
                             .choices = {},
                             .from = random.from,
                             .lasts = random.lasts,
                             .spacing_least = random.spacing_least,
                             .spacing_most = random.spacing_most,
                             .at_once = random.at_once,
                             .unknown_active_time = random.spacing_most};
    for (const RandomSchedule::Choice& choice : random.choices) {
      draft.choices.push_back({.fault = {.name = choice.fault.name, .action = choice.fault.action, .at = {}},
                               .active_times = choice.fault.active_times,
                               .weight = choice.weight});
    }
    const auto faults = fault::draw_random(seed_, draft, trial.number);
    if (!faults) {
      mistakes_.push_back({random.place, "faults", faults.error().message()});
      return;
    }
    for (const fault::Fault& fault : *faults) {
      places_.emplace(fault.name, random.place);
      trial.steps.push_back({.fault = fault,
                             .trigger = fault::AtTime{fault.at},
                             .replicas = replicas_in(random, fault, trial.number),
                             .give_up_after = experiment_.trials.recover_within});
    }
  }

  std::vector<int> replicas_in(const RandomSchedule& random, const fault::Fault& fault, int trial) const {
    const Process* process = experiment_.find_process(fault::target_of(fault.action));
    if (process == nullptr) return {};
    for (const RandomSchedule::Choice& choice : random.choices) {
      if (choice.fault.strike.count == 0 || !fault.name.ends_with("-" + choice.fault.name)) continue;
      return choose_replicas(seed_.derive(fault.name).derive(static_cast<std::uint64_t>(trial)),
                             choice.fault.strike.count, process->replicas);
    }
    return {};
  }

  void mistake(const Step& step, std::string message) {
    const auto place = places_.find(step.fault.name);
    mistakes_.push_back({place == places_.end() ? Place{} : place->second, "faults", std::move(message)});
  }

  // Two faults of one kind on one target at the same time: the heal of the first would undo the second. And
  // what is killed, or not back yet, cannot be struck: a freeze of it would be no fault at all. Only where
  // times are known, or the same moment sets off both.
  void check_targets(const fault::TrialSteps& trial) {
    for (std::size_t i = 0; i < trial.steps.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        const Step& later = trial.steps[i];
        const Step& earlier = trial.steps[j];
        if (fault::target_of(later.fault.action) != fault::target_of(earlier.fault.action)) continue;
        const bool same_kind = fault::kind_of(later.fault.action) == fault::kind_of(earlier.fault.action);
        if (!same_kind && needs_it_alive(later) && needs_it_alive(earlier) &&
            meets_the_dead(earlier, later) && !disjoint(later, earlier)) {
          mistake(later,
                  fmt::format("{} and {} strike {} at the same time, and who is dead cannot be struck",
                              earlier.fault.name, later.fault.name, fault::target_of(later.fault.action)));
          return;
        }
        if (!same_kind || !time_of(later) || !time_of(earlier)) continue;
        if (!disjoint(later, earlier) && *time_of(later) <= *time_of(earlier) + active(earlier)) {
          mistake(later, fmt::format("{} strikes {} at {} while {} still does, until {}", later.fault.name,
                                     fault::target_of(later.fault.action),
                                     base::format_duration(*time_of(later)), earlier.fault.name,
                                     base::format_duration(*time_of(earlier) + active(earlier))));
          return;
        }
      }
    }
  }

  // Strikes the process itself, not the way to it.
  static bool needs_it_alive(const Step& step) {
    const auto* on = std::get_if<fault::OnTarget>(&step.fault.action);
    return std::holds_alternative<fault::Kill>(step.fault.action) ||
           std::holds_alternative<fault::Freeze>(step.fault.action) ||
           (on != nullptr && on->kind == "restart_loop");
  }
  // One of them is a kill, and the other begins before its target is back. The kill of a frozen process is
  // fine.
  static bool meets_the_dead(const Step& a, const Step& b) {
    if (!time_of(a) && !time_of(b)) return a.trigger == b.trigger;
    if (!time_of(a) || !time_of(b)) return false;
    const auto within = [](const Step& kill, const Step& other) {
      return std::holds_alternative<fault::Kill>(kill.fault.action) && *time_of(kill) <= *time_of(other) &&
             *time_of(other) <= *time_of(kill) + active(kill);
    };
    return within(a, b) || within(b, a);
  }

  static base::Nanos active(const Step& step) {
    return fault::active_time(step.fault.action).value_or(base::Nanos{0});
  }

  static bool disjoint(const Step& a, const Step& b) {
    if (a.replicas.empty() || b.replicas.empty()) return false;
    return std::ranges::none_of(
        a.replicas, [&](int replica) { return std::ranges::find(b.replicas, replica) != b.replicas.end(); });
  }

  int struck_by(const Step& step) const {
    const Process* process = experiment_.find_process(fault::target_of(step.fault.action));
    if (process == nullptr) return 1;
    return step.replicas.empty() ? process->at_most : static_cast<int>(step.replicas.size());
  }

  // Steps without a known time may come at any: they count with every other.
  void check_blast_radius(const fault::TrialSteps& trial) {
    const int allowed = experiment_.allow.processes;
    if (allowed == 0) return;
    for (const Step& step : trial.steps) {
      int struck = 0;
      for (const Step& other : trial.steps) {
        const bool both_timed = time_of(step) && time_of(other);
        if (!both_timed ||
            (*time_of(other) <= *time_of(step) && *time_of(step) <= *time_of(other) + active(other))) {
          struck += struck_by(other);
        }
      }
      if (struck <= allowed) continue;
      mistake(step, fmt::format("{} processes could be struck at once, and allow.processes is {}", struck,
                                allowed));
      return;
    }
  }

  const Experiment& experiment_;
  base::Seed seed_;
  std::map<std::string, Place> places_;
  Mistakes mistakes_;
};

}  // namespace

Planned plan_experiment(const Experiment& experiment, const PlanOptions& options) {
  Planned planned;
  planned.plan.seed = options.seed.value_or(experiment.seed);
  if (experiment.faults.empty() && experiment.random.empty()) return planned;
  Planner planner(experiment, base::Seed(planned.plan.seed));
  const int count = options.trials.value_or(experiment.trials.count);
  for (int number = 1; number <= count; ++number) planned.plan.trials.push_back(planner.trial(number));
  planned.mistakes = planner.take_mistakes();
  return planned;
}

base::Nanos last_heal(const std::vector<Step>& steps) {
  base::Nanos last{0};
  for (const Step& step : steps) {
    const base::Nanos begins = time_of(step).value_or(base::Nanos{0});
    last = std::max(last, begins + fault::active_time(step.fault.action).value_or(base::Nanos{0}));
  }
  return last;
}

nlohmann::json to_json(const Plan& plan) {
  nlohmann::json trials = nlohmann::json::array();
  for (const fault::TrialSteps& trial : plan.trials) trials.push_back(fault::to_json(trial));
  return {{"seed", plan.seed}, {"trials", std::move(trials)}};
}

}  // namespace squall::experiment
