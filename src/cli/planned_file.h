// An experiment file with its plan, as `validate`, `plan` and `run` all take it from the command line.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include "experiment/experiment.h"
#include "experiment/plan.h"
#include "experiment/reading.h"

namespace squall::cli {

struct PlanFlags {
  static constexpr std::int64_t kNotGiven = std::numeric_limits<std::int64_t>::min();  // the file's

  std::string file;
  std::int64_t seed = kNotGiven;
  std::int64_t trials = kNotGiven;
};

struct PlannedFile {
  experiment::Experiment experiment;
  experiment::Plan plan;
  experiment::Places places;
};

// Nothing when the file is wrong; its mistakes have been printed to standard error then.
std::optional<PlannedFile> read_and_plan(const PlanFlags& flags);
std::optional<PlannedFile> read_and_plan(const std::string& file, const experiment::PlanOptions& options);

}  // namespace squall::cli
