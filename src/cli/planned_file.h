// An experiment file with its plan, as `plan` and `run` both take it from the command line.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "experiment/experiment.h"
#include "experiment/plan.h"

namespace squall::cli {

struct PlanFlags {
  std::string file;
  std::int64_t seed = -1;   // negative: the file's
  std::int64_t trials = 0;  // 0: the file's
};

struct PlannedFile {
  experiment::Experiment experiment;
  experiment::Plan plan;
};

// Nothing when the file is wrong; its mistakes have been printed to standard error then.
std::optional<PlannedFile> read_and_plan(const PlanFlags& flags);

}  // namespace squall::cli
