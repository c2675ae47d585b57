// From an experiment to what happens in each trial. One value: `squall plan` prints it, and the runner
// executes it.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "experiment/experiment.h"
#include "experiment/mistake.h"
#include "fault/step.h"

namespace squall::experiment {

struct PlanOptions {
  std::optional<std::uint64_t> seed;  // instead of the file's
  std::optional<int> trials;
};

struct Plan {
  std::uint64_t seed = 0;
  // Empty: the experiment has no faults, and only its control trial runs.
  std::vector<fault::TrialSteps> trials;

  bool operator==(const Plan&) const = default;
};

struct Planned {
  Plan plan;
  Mistakes mistakes;  // what cannot be executed, at the place of its fault

  bool ok() const { return mistakes.empty(); }
};

// Pure: the same experiment, seed and number of trials give the same plan, and a longer plan begins with the
// shorter one. Mistakes: a target that is struck while it is struck already, or more processes at once than
// allow.processes.
Planned plan_experiment(const Experiment& experiment, const PlanOptions& options = {});

// When the last heal of these steps is due, from the beginning of the fault phase; as far as times are known.
base::Nanos last_heal(const std::vector<fault::Step>& steps);

// The subjects of the inputs, for people: "orders.created", "orders.0, orders.1 … orders.9 (10 subjects)".
std::string subjects_text(const WorkloadSpec& workload);
// The targets and the schedule with its times, as `squall plan` prints them.
std::string to_text(const Experiment& experiment, const Plan& plan);
nlohmann::json to_json(const Plan& plan);

}  // namespace squall::experiment
